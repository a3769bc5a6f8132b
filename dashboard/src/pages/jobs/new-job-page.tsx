import { SegmentedControl, Textarea } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useMemo, useState } from "react";
import { useQuery } from "urql";
import { Link } from "wouter";
import { Page, Panel } from "../../components/page.tsx";
import { Empty, Failure, Waiting } from "../../components/states.tsx";
import { graphql } from "../../graphql/generated/gql.ts";
import type { JobSourceInput, NewJobQuery } from "../../graphql/generated/graphql.ts";
import { type ColumnMapping, columnsInput, guessedMapping, type InputKind, kindsOf } from "./column-mapping.ts";
import { useDatasetUpload } from "./dataset-upload.tsx";
import { ColumnChoice, FileSource } from "./file-source.tsx";
import { type JobSettings, SettingsFields, settingsInput, usualSettings } from "./job-settings.tsx";
import { pastedInputs } from "./pasted-lines.ts";
import { SubmitJob } from "./submit-job.tsx";

const NewJobDocument = graphql(`
  query NewJob {
    models(first: 100) {
      nodes {
        id
        name
        description
        task
        aliases {
          id
          name
        }
        versions {
          id
          version
          state
        }
      }
    }
  }
`);

export type OfferedModel = NewJobQuery["models"]["nodes"][number];

export function NewJobPage() {
  const [{ data, error }, ask] = useQuery({ query: NewJobDocument });
  const models = data?.models.nodes;
  return (
    <Page title="New job" lead={<Link href="/jobs">Jobs</Link>}>
      {error === undefined ? null : <Failure error={error} retry={() => ask({ requestPolicy: "network-only" })} />}
      {models === undefined && error === undefined ? <Waiting lines={8} height={32} /> : null}
      {models?.length === 0 ? (
        <Empty icon="models" title="There is no model to ask">
          As soon as one is registered or offered to your tenant, jobs can be submitted.
        </Empty>
      ) : null}
      {models?.[0] === undefined ? null : <NewJob models={models} first={models[0]} />}
    </Page>
  );
}

type Way = "FILE" | "LINES";

function NewJob({ models, first }: { models: OfferedModel[]; first: OfferedModel }) {
  const [settings, setSettings] = useState<JobSettings>(() => usualSettings(first));
  const [way, setWay] = useState<Way>("FILE");
  const [lines, setLines] = useState("");
  const model = models.find(({ name }) => name === settings.model) ?? first;
  const kinds = kindsOf(model.task);
  const file = useFileInputs(kinds);
  const [settledLines] = useDebouncedValue(lines, 400);
  const pasted = useMemo(() => pastedInputs(settledLines, kindsOf(model.task)), [settledLines, model.task]);
  const source = way === "FILE" ? file.source : sourceOf(pasted.inputs);
  return (
    <div className="grid new-job">
      <Panel
        title="Inputs"
        actions={
          <SegmentedControl
            aria-label="Where the inputs are"
            size="xs"
            data={[
              { value: "FILE", label: "A file" },
              { value: "LINES", label: "Pasted lines" },
            ]}
            value={way}
            onChange={(value) => setWay(value as Way)}
          />
        }
      >
        {way === "FILE" ? (
          <FileInputs file={file} model={model} kinds={kinds} />
        ) : (
          <LineInputs kinds={kinds} problem={pasted.problem} lines={lines} onLines={setLines} />
        )}
      </Panel>
      <Panel title="Job">
        <div className="stack">
          <SettingsFields models={models} model={model} settings={settings} onSettings={setSettings} />
          <SubmitJob input={source === undefined ? undefined : { ...settingsInput(settings), source }} />
        </div>
      </Panel>
    </div>
  );
}

interface FileInputsProps {
  file: ReturnType<typeof useFileInputs>;
  model: OfferedModel;
  kinds: InputKind[];
}

function FileInputs({ file, model, kinds }: FileInputsProps) {
  return (
    <div className="stack">
      <FileSource upload={file.upload} />
      {file.isUnfit ? (
        <p className="bad-text" role="alert">
          A ZIP holds pictures, which {model.name} does not take. Choose another model, or another file.
        </p>
      ) : null}
      {file.mapping === undefined ? null : (
        <ColumnChoice columns={file.columns} kinds={kinds} mapping={file.mapping} onMapping={file.setMapping} />
      )}
    </div>
  );
}

interface LineInputsProps {
  kinds: InputKind[];
  problem: string | undefined;
  lines: string;
  onLines: (lines: string) => void;
}

function LineInputs({ kinds, problem, lines, onLines }: LineInputsProps) {
  const isText = kinds.includes("text");
  return (
    <Textarea
      label={isText ? "One text in each line" : "One JSON object in each line"}
      description={isText ? undefined : `Such as ${exampleOf(kinds)}`}
      error={problem}
      autosize
      minRows={10}
      maxRows={20}
      value={lines}
      onChange={(event) => onLines(event.currentTarget.value)}
    />
  );
}

function sourceOf(inputs: JobSourceInput["inputs"]): JobSourceInput | undefined {
  return inputs == null || inputs.length === 0 ? undefined : { inputs };
}

function exampleOf(kinds: readonly InputKind[]): string {
  return kinds[0] === "image" ? '{"image": "<a PNG or JPEG in base64>"}' : '{"tensor": [0.5, 1]}';
}

/** What a file says of itself, and what the person says of its columns: kept while the file is the same. */
function useFileInputs(kinds: InputKind[]) {
  const upload = useDatasetUpload();
  const { state } = upload;
  const [chosen, setChosen] = useState<{ file: File; mapping: ColumnMapping }>();
  const file = state.step === "NONE" ? undefined : state.file;
  const columns = state.step === "NONE" ? [] : state.head.columns;
  const said = chosen !== undefined && chosen.file === file && kinds.includes(chosen.mapping.kind);
  const mapping = said ? chosen.mapping : guessedMapping(columns, kinds);
  const isUnfit = state.step !== "NONE" && state.head.format === "ZIP" && !kinds.includes("image");
  const source: JobSourceInput | undefined =
    state.step === "READY" && !isUnfit ? { datasetId: state.datasetId, columns: columnsInput(mapping) } : undefined;
  const setMapping = (next: ColumnMapping) => {
    if (file !== undefined) setChosen({ file, mapping: next });
  };
  return { upload, columns, mapping, setMapping, source, isUnfit };
}
