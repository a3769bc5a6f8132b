import { Button } from "@mantine/core";
import { type DragEvent, useState } from "react";
import { Icon } from "../../components/icons.tsx";
import { bytes } from "../../format.ts";

export interface ChosenFiles {
  file?: File;
  manifest?: Record<string, unknown>;
  manifestName?: string;
}

interface ModelFilesProps {
  files: ChosenFiles;
  onFiles: (files: ChosenFiles) => void;
}

/** The ONNX file and, where there is one, its manifest: dropped or chosen, together or one after the other. */
export function ModelFiles({ files, onFiles }: ModelFilesProps) {
  const [isOver, setOver] = useState(false);
  const [problem, setProblem] = useState<string>();
  const take = async (list: Iterable<File>) => {
    const read = await Promise.all([...list].map(readOne));
    const problems = read.flatMap(({ problem: one }) => one ?? []);
    setProblem(problems.length === 0 ? undefined : problems.join(" "));
    onFiles(Object.assign({}, files, ...read.map(({ files: found }) => found)));
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    void take(event.dataTransfer.files);
  };
  return (
    <div className="stack">
      <label
        className={isOver ? "model-drop is-over" : "model-drop"}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
      >
        <Icon name="upload" size={22} />
        <span className="strong">Drop the ONNX file and its manifest here, or choose them</span>
        <span className="dim small">What the manifest leaves out is read from the graph.</span>
        <input
          className="visually-hidden"
          type="file"
          multiple
          accept=".onnx,.json"
          aria-label="ONNX file and manifest"
          onChange={(event) => {
            void take([...(event.currentTarget.files ?? [])]);
            // The same file, mended, can be chosen again.
            event.currentTarget.value = "";
          }}
        />
      </label>
      {problem === undefined ? null : <p role="alert">{problem}</p>}
      {files.file === undefined ? null : (
        <Chosen name={files.file.name} note={bytes(files.file.size)} onRemove={() => onFiles(without(files, "file"))} />
      )}
      {files.manifestName === undefined ? null : (
        <Chosen name={files.manifestName} note="manifest" onRemove={() => onFiles(without(files, "manifest"))} />
      )}
    </div>
  );
}

function Chosen({ name, note, onRemove }: { name: string; note: string; onRemove: () => void }) {
  return (
    <p className="row">
      <Icon name="models" size={16} />
      <span>{name}</span>
      <span className="dim small">{note}</span>
      <Button size="compact-xs" variant="subtle" color="gray" aria-label={`Remove ${name}`} onClick={onRemove}>
        Remove
      </Button>
    </p>
  );
}

function without(files: ChosenFiles, what: "file" | "manifest"): ChosenFiles {
  const { file, manifest, manifestName } = files;
  if (what === "manifest") return file === undefined ? {} : { file };
  return manifest === undefined || manifestName === undefined ? {} : { manifest, manifestName };
}

async function readOne(file: File): Promise<{ files?: ChosenFiles; problem?: string }> {
  if (/\.onnx$/i.test(file.name)) return { files: { file } };
  if (!/\.json$/i.test(file.name)) return { problem: `${file.name} is neither an .onnx file nor a manifest in .json.` };
  const manifest = await manifestIn(file);
  if (manifest === undefined) return { problem: `${file.name} is no JSON object: a manifest is one.` };
  return { files: { manifest, manifestName: file.name } };
}

async function manifestIn(file: File): Promise<Record<string, unknown> | undefined> {
  try {
    const parsed: unknown = JSON.parse(await file.text());
    return isObject(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
