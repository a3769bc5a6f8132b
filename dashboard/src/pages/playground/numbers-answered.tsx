import { CodeBlock } from "../../components/copy.tsx";
import { count } from "../../format.ts";

interface Answered {
  name: string;
  tensor: unknown;
}

/** All that a graph returned, as far as a person reads on. */
export function NumbersAnswered({ tensors }: { tensors: readonly Answered[] }) {
  return (
    <div className="stack">
      {tensors.map(({ name, tensor }) => {
        const read = numbersOf(tensor);
        if (read === undefined)
          return <CodeBlock key={name} label={name} code={JSON.stringify(tensor, undefined, 2)} />;
        const { dtype, shape, numbers } = read;
        const rest = numbers.length - shown;
        return (
          <div key={name} className="close-together">
            <p>
              <code>{name}</code>{" "}
              <span className="dim small">
                {dtype}[{shape.join(", ")}]
              </span>
            </p>
            <CodeBlock label={`The numbers of ${name}`} code={numbers.slice(0, shown).join(", ")} />
            {rest > 0 ? <p className="dim small">and {count(rest)} more</p> : null}
          </div>
        );
      })}
    </div>
  );
}

const shown = 256;

interface Read {
  dtype: string;
  shape: number[];
  numbers: string[];
}

/** Undefined for what is no tensor as the gateway writes it. */
function numbersOf(tensor: unknown): Read | undefined {
  if (!isEncoded(tensor)) return undefined;
  const { dtype, shape, data } = tensor;
  const { buffer } = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  return { dtype, shape, numbers: textsOf(dtype, buffer) };
}

function textsOf(dtype: string, buffer: ArrayBuffer): string[] {
  switch (dtype) {
    case "float32":
      return [...new Float32Array(buffer)].map((number) => String(Number(number.toPrecision(7))));
    case "int64":
      return [...new BigInt64Array(buffer)].map(String);
    case "int32":
      return [...new Int32Array(buffer)].map(String);
    default:
      return [...new Uint8Array(buffer)].map(String);
  }
}

function isEncoded(tensor: unknown): tensor is { dtype: string; shape: number[]; data: string } {
  if (typeof tensor !== "object" || tensor === null) return false;
  if (!("dtype" in tensor) || !("shape" in tensor) || !("data" in tensor)) return false;
  return typeof tensor.dtype === "string" && Array.isArray(tensor.shape) && typeof tensor.data === "string";
}
