import { Textarea } from "@mantine/core";
import { useEffect, useState } from "react";
import { count } from "../../format.ts";
import { PicturePad } from "./picture-pad.tsx";
import type { PlaygroundModel } from "./playground-page.tsx";

export type GivenInput = { image: string } | { text: string } | { tensor: unknown };

/** What has been filled in: ready to be asked, or not yet, with what is wrong. */
export type Given = { kind: "READY"; input: GivenInput } | { kind: "WRONG"; problem: string } | undefined;

type Version = PlaygroundModel["aliases"][number]["targets"][number]["version"];

interface InputFieldProps {
  task: PlaygroundModel["task"];
  inputs: Version["inputs"];
  onGiven: (given: Given) => void;
}

/** What a model of this task is asked with. */
export function InputField({ task, inputs, onGiven }: InputFieldProps) {
  switch (task) {
    case "IMAGE_CLASSIFICATION":
      return (
        <PicturePad
          onPicture={(image) => onGiven(image === undefined ? undefined : { kind: "READY", input: { image } })}
        />
      );
    case "TEXT_CLASSIFICATION":
    case "TOKEN_CLASSIFICATION":
      return <TextField onGiven={onGiven} />;
    case "TENSOR":
      return <NumbersField inputs={inputs} onGiven={onGiven} />;
  }
}

function TextField({ onGiven }: { onGiven: (given: Given) => void }) {
  const [text, setText] = useState("");
  return (
    <Textarea
      label="Text"
      description="Type or paste a mail, its subject first."
      autosize
      minRows={9}
      maxRows={18}
      value={text}
      onChange={(event) => {
        const written = event.currentTarget.value;
        setText(written);
        onGiven(written.trim() === "" ? undefined : { kind: "READY", input: { text: written } });
      }}
    />
  );
}

/** Numbers as nested arrays, or as the object that has them in base64. */
function NumbersField({ inputs, onGiven }: { inputs: Version["inputs"]; onGiven: (given: Given) => void }) {
  const [first] = inputs;
  const example = first === undefined ? "[0]" : JSON.stringify(zeros(first.shape.slice(1)));
  const [json, setJson] = useState(example);
  const given = givenIn(json);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what stands there at first is told as well, once
  useEffect(() => onGiven(given), [json]);
  return (
    <Textarea
      label={first === undefined ? "Numbers" : `Numbers for ${first.name}`}
      description={
        first === undefined
          ? "As JSON."
          : `As JSON: ${first.dtype} of shape [${first.shape.slice(1).join(", ") || "one number"}], in nested arrays or as { dtype, shape, data }.`
      }
      classNames={{ input: "mono" }}
      autosize
      minRows={6}
      maxRows={18}
      spellCheck={false}
      value={json}
      error={given?.kind === "WRONG" ? given.problem : undefined}
      onChange={(event) => setJson(event.currentTarget.value)}
    />
  );
}

function givenIn(json: string): Given {
  if (json.trim() === "") return undefined;
  try {
    const tensor: unknown = JSON.parse(json);
    if (typeof tensor === "object" && tensor !== null) return { kind: "READY", input: { tensor } };
    return { kind: "WRONG", problem: "Give an array of numbers, such as [0.5, 1]." };
  } catch (error) {
    return { kind: "WRONG", problem: `This is not JSON: ${error instanceof Error ? error.message : "it ends early"}` };
  }
}

const mostZeros = 4_096;

/** Noughts of this shape, to begin with; a dimension that varies is one long. */
function zeros(shape: readonly string[]): unknown {
  const sizes = shape.map((size) => Number.parseInt(size, 10) || 1);
  const total = sizes.reduce((product, size) => product * size, 1);
  if (total > mostZeros) return `[${count(total)} numbers]`;
  return (sizes.length === 0 ? [1] : sizes).reduceRight<unknown>((inner, size) => Array(size).fill(inner), 0);
}
