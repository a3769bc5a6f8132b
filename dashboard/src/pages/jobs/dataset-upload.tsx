import { useEffect, useRef, useState } from "react";
import { useClient } from "urql";
import { messageOf } from "../../components/states.tsx";
import { graphql } from "../../graphql/generated/gql.ts";
import type { DatasetFormat } from "../../graphql/generated/graphql.ts";
import { Refusal } from "../../session/refusal.ts";
import { refresh } from "../../session/session.ts";
import { useSession } from "../../session/who.tsx";
import { type FileHead, headOf } from "./file-head.ts";
import { rememberDataset, rememberedDataset, uploadKey } from "./remembered-uploads.ts";
import { upload } from "./upload.ts";

const CreateDatasetDocument = graphql(`
  mutation CreateDataset($input: CreateDatasetInput!) {
    createDataset(input: $input) {
      id
    }
  }
`);

const DeleteDatasetDocument = graphql(`
  mutation DeleteDataset($input: DeleteDatasetInput!) {
    deleteDataset(input: $input)
  }
`);

export type UploadState =
  | { step: "NONE"; problem: string | undefined }
  | ({ step: "SENDING"; sentBytes: number } & Chosen)
  | ({ step: "STOPPED"; sentBytes: number; problem: string } & Chosen)
  | ({ step: "READY"; datasetId: string } & Chosen);

interface Chosen {
  file: File;
  head: FileHead;
}

export interface DatasetUpload {
  state: UploadState;
  choose: (file: File) => Promise<void>;
  goOn: () => void;
  remove: () => void;
}

/** The upload of one file to a dataset of its own, which goes on where it broke off, after a reload of the page too. */
export function useDatasetUpload(): DatasetUpload {
  const client = useClient();
  const { tenantId } = useSession().who;
  const [state, setState] = useState<UploadState>({ step: "NONE", problem: undefined });
  const running = useRef<AbortController>(undefined);
  useEffect(() => () => running.current?.abort(), []);

  const create = async (format: DatasetFormat) => {
    const { data, error } = await client.mutation(CreateDatasetDocument, { input: { format } });
    if (data !== undefined) return data.createDataset.id;
    throw new Error(error === undefined ? "The dataset could not be made." : messageOf(error));
  };
  const send = async (chosen: Chosen) => {
    const controller = new AbortController();
    running.current = controller;
    const { signal } = controller;
    const key = uploadKey(tenantId, chosen.file);
    let sentBytes = 0;
    setState({ step: "SENDING", sentBytes, ...chosen });
    const to = async (datasetId: string) => {
      rememberDataset(key, datasetId);
      const onProgress = (sent: number) => {
        sentBytes = sent;
        setState({ step: "SENDING", sentBytes, ...chosen });
      };
      const pause = (ms: number) => pauseOf(ms, signal);
      await upload({ file: chosen.file, path: `/datasets/${datasetId}`, signal, onProgress, renew: refresh, pause });
      setState({ step: "READY", datasetId, ...chosen });
    };
    try {
      const known = rememberedDataset(key);
      const isSent = known !== undefined && (await to(known).then(() => true, isGone));
      if (!isSent) await to(await create(chosen.head.format));
    } catch (error) {
      if (!signal.aborted) setState({ step: "STOPPED", sentBytes, problem: problemOf(error), ...chosen });
    }
  };
  const goOn = () => {
    if (state.step === "STOPPED") void send({ file: state.file, head: state.head });
  };
  useOnline(goOn);
  return {
    state,
    goOn,
    choose: async (file) => {
      try {
        void send({ file, head: await headOf(file) });
      } catch (error) {
        setState({ step: "NONE", problem: problemOf(error) });
      }
    },
    remove: () => {
      running.current?.abort();
      if (state.step !== "NONE") {
        const key = uploadKey(tenantId, state.file);
        const id = rememberedDataset(key);
        rememberDataset(key, undefined);
        // One that a job still reads stays; it goes by itself when its time is over.
        if (id !== undefined) void client.mutation(DeleteDatasetDocument, { input: { id } }).toPromise();
      }
      setState({ step: "NONE", problem: undefined });
    },
  };
}

/** Says no where the dataset is no longer there, so that another is made; throws what else went wrong. */
function isGone(error: unknown): false {
  if (error instanceof Refusal && error.code === "NOT_FOUND") return false;
  throw error;
}

function problemOf(error: unknown): string {
  if (error instanceof TypeError) return "The gateway cannot be reached, or the file can no longer be read.";
  return error instanceof Error ? error.message : String(error);
}

async function pauseOf(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function useOnline(work: () => void): void {
  const latest = useRef(work);
  latest.current = work;
  useEffect(() => {
    const tell = () => latest.current();
    window.addEventListener("online", tell);
    return () => window.removeEventListener("online", tell);
  }, []);
}
