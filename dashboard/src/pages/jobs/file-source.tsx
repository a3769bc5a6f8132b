import { Button, Select } from "@mantine/core";
import { type DragEvent, useState } from "react";
import { Icon } from "../../components/icons.tsx";
import { bytes, percent } from "../../format.ts";
import { type ColumnMapping, type InputKind, kindNames } from "./column-mapping.ts";
import type { DatasetUpload, UploadState } from "./dataset-upload.tsx";
import { accepted, type FileColumn } from "./file-head.ts";

/** A job's inputs as a file: dropped or chosen, then on its way. */
export function FileSource({ upload }: { upload: DatasetUpload }) {
  const { state } = upload;
  if (state.step === "NONE") return <FileDrop problem={state.problem} onFile={(file) => void upload.choose(file)} />;
  return (
    <div className="stack">
      <div className="file-line">
        <Icon name="jobs" />
        <div className="stack-tight">
          <span className="strong break">{state.file.name}</span>
          <span className="dim small">
            {state.head.format}, {bytes(state.file.size)}
          </span>
        </div>
        <Button size="xs" variant="default" onClick={upload.remove}>
          {state.step === "SENDING" ? "Stop" : "Choose another"}
        </Button>
      </div>
      <UploadProgress state={state} goOn={upload.goOn} />
    </div>
  );
}

function FileDrop({ problem, onFile }: { problem: string | undefined; onFile: (file: File) => void }) {
  const [isOver, setOver] = useState(false);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const [file] = event.dataTransfer.files;
    if (file !== undefined) onFile(file);
  };
  return (
    <div className="stack">
      <label
        className={isOver ? "drop is-over" : "drop"}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
      >
        <Icon name="upload" size={22} />
        <span className="strong">Drop a file here, or choose one</span>
        <span className="dim small">JSON lines, CSV, Parquet, or a ZIP of PNG and JPEG pictures</span>
        <input
          className="visually-hidden"
          type="file"
          accept={accepted}
          aria-label="File of inputs"
          onChange={(event) => {
            const [file] = event.currentTarget.files ?? [];
            if (file !== undefined) onFile(file);
          }}
        />
      </label>
      {problem === undefined ? null : (
        <p className="bad-text" role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}

function UploadProgress({ state, goOn }: { state: Exclude<UploadState, { step: "NONE" }>; goOn: () => void }) {
  if (state.step === "READY")
    return (
      <p className="mark-line good-text" role="status">
        <Icon name="check" size={16} />
        Uploaded. Nothing is charged before the job answers it.
      </p>
    );
  const { sentBytes, file } = state;
  return (
    <>
      <div
        className="job-bar"
        role="progressbar"
        aria-label="Upload"
        aria-valuemin={0}
        aria-valuemax={file.size}
        aria-valuenow={sentBytes}
      >
        <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
          <rect className="job-bar-answered" width={(sentBytes / file.size) * 100} height={8} />
        </svg>
      </div>
      <p className="dim small">
        {bytes(sentBytes)} of {bytes(file.size)}, {percent(sentBytes / file.size)}
      </p>
      {state.step === "SENDING" ? null : (
        <div className="notice" role="alert">
          <Icon name="warning" />
          <div>
            <p className="failure-title">The upload stopped</p>
            <p>{state.problem} What has arrived is kept.</p>
          </div>
          <Button size="xs" variant="default" onClick={goOn}>
            Go on
          </Button>
        </div>
      )}
    </>
  );
}

interface ColumnsProps {
  columns: readonly FileColumn[];
  kinds: readonly InputKind[];
  mapping: ColumnMapping;
  onMapping: (mapping: ColumnMapping) => void;
}

/** Which column of the file is what. What the first row has there says whether it is the right one. */
export function ColumnChoice({ columns, kinds, mapping, onMapping }: ColumnsProps) {
  const names = columns.map(({ name }) => name);
  const sampleOf = (column: string | undefined) => columns.find(({ name }) => name === column)?.sample || undefined;
  const firstRow = (column: string | undefined) => {
    const sample = sampleOf(column);
    return sample === undefined ? undefined : `First row: ${sample}`;
  };
  return (
    <div className="grid">
      <Select
        label="Column of inputs"
        description={firstRow(mapping.column)}
        inputWrapperOrder={["label", "input", "description"]}
        data={names}
        value={mapping.column}
        allowDeselect={false}
        searchable={names.length > 8}
        onChange={(column) => onMapping({ ...mapping, column: column ?? mapping.column })}
      />
      {kinds.length === 1 ? null : (
        <Select
          label="It holds"
          data={kinds.map((kind) => ({ value: kind, label: kindNames[kind] }))}
          value={mapping.kind}
          allowDeselect={false}
          onChange={(kind) => onMapping({ ...mapping, kind: kinds.find((one) => one === kind) ?? mapping.kind })}
        />
      )}
      <Select
        label="Column of ids"
        description={firstRow(mapping.id) ?? "Your own name of each row, for the results"}
        inputWrapperOrder={["label", "input", "description"]}
        placeholder="None"
        data={names}
        value={mapping.id ?? null}
        clearable
        searchable={names.length > 8}
        onChange={(id) => onMapping({ ...mapping, id: id ?? undefined })}
      />
    </div>
  );
}
