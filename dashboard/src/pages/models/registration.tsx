import { useRef, useState } from "react";
import { type CombinedError, useClient } from "urql";
import { messageOf } from "../../components/states.tsx";
import { graphql } from "../../graphql/generated/gql.ts";
import type { RegisterModelVersionInput, RegisterVersionMutation } from "../../graphql/generated/graphql.ts";
import { digestOf, sendArtifact } from "./send-artifact.ts";
import { isMoving } from "./version-state.tsx";

const RegisterDocument = graphql(`
  mutation RegisterVersion($input: RegisterModelVersionInput!) {
    registerModelVersion(input: $input) {
      id
      version
      state
      stateReason
    }
  }
`);

const RegisteredDocument = graphql(`
  query RegisteredVersion($id: ID!) {
    node(id: $id) {
      id
      ... on ModelVersion {
        version
        state
        stateReason
      }
    }
  }
`);

export type RegisteredVersion = RegisterVersionMutation["registerModelVersion"];

/** Where a registration stands. A file that is there, and only then, is registered; what the gateway makes of it follows. */
export type Progress =
  | { step: "FORM" }
  | { step: "HASHING" | "SENDING"; share: number }
  | { step: "CHECKED"; version: RegisteredVersion | undefined }
  | { step: "READY"; version: RegisteredVersion }
  | { step: "REFUSED"; at: "HASHING" | "SENDING" | "SCANNING"; reason: string };

export interface Registration {
  progress: Progress;
  model: string;
  start: (file: File, input: RegisterModelVersionInput) => void;
  /** Back to the form. */
  again: () => void;
  /** Ends what this page does for it; what is registered goes on. */
  stop: () => void;
}

const lookEveryMs = 400;

export function useRegistration(): Registration {
  const client = useClient();
  const [progress, setProgress] = useState<Progress>({ step: "FORM" });
  const [model, setModel] = useState("");
  const work = useRef<AbortController>(undefined);

  const follow = async (first: RegisteredVersion, signal: AbortSignal) => {
    let version = first;
    while (isMoving(version.state) && !signal.aborted) {
      setProgress({ step: "CHECKED", version });
      await pause(lookEveryMs);
      const { data } = await client
        .query(RegisteredDocument, { id: version.id }, { requestPolicy: "network-only" })
        .toPromise();
      // A look that fails says nothing of the version: it is looked at again.
      if (data?.node && "state" in data.node) version = data.node;
    }
    return version;
  };
  const run = async (file: File, input: RegisterModelVersionInput, signal: AbortSignal) => {
    setProgress({ step: "HASHING", share: 0 });
    const onShare = (step: "HASHING" | "SENDING") => (share: number) => setProgress({ step, share });
    const digest = await digestOf(file, { signal, onProgress: onShare("HASHING") });
    setProgress({ step: "SENDING", share: 0 });
    await sendArtifact(file, digest, { signal, onProgress: onShare("SENDING") });
    setProgress({ step: "CHECKED", version: undefined });
    const { data, error } = await client
      .mutation(RegisterDocument, { input: { ...input, digest, waitMs: 0 } })
      .toPromise();
    if (data === undefined) throw new Error(refusalText(error));
    const version = await follow(data.registerModelVersion, signal);
    if (signal.aborted) return;
    if (version.state === "READY") setProgress({ step: "READY", version });
    else throw new Error(version.stateReason ?? `It is ${version.state}. Look at the model's versions.`);
  };
  const start = (file: File, input: RegisterModelVersionInput) => {
    const controller = new AbortController();
    work.current = controller;
    setModel(input.model);
    run(file, input, controller.signal).catch((error: unknown) => {
      if (controller.signal.aborted) return;
      const reason = error instanceof Error ? error.message : "It came to nothing. Try again.";
      setProgress((before) => ({ step: "REFUSED", at: whereIn(before), reason }));
    });
  };
  return {
    progress,
    model,
    start,
    again: () => setProgress({ step: "FORM" }),
    stop: () => work.current?.abort(),
  };
}

function whereIn({ step }: Progress): "HASHING" | "SENDING" | "SCANNING" {
  return step === "HASHING" || step === "SENDING" ? step : "SCANNING";
}

function refusalText(error: CombinedError | undefined): string {
  return error === undefined ? "The gateway did not answer. Try again." : messageOf(error);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
