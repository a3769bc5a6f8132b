import type { InferInput, ModelTask } from "../../graphql/generated/graphql.ts";

export interface Program {
  language: "GraphQL" | "curl" | "TypeScript" | "Python";
  code: string;
}

const pictureFile = "picture.png";

/**
 * Programs that ask what was asked here. The key comes from the environment in each of them: nobody shall commit it with
 * the program; and a picture from a file, since nobody reads one in base64.
 */
export function programsFor(input: InferInput, { task, url }: { task: ModelTask; url: string }): Program[] {
  const operation = operationFor(input, task);
  return [
    { language: "GraphQL", code: `${operation}\n\n# variables\n${JSON.stringify({ input }, undefined, 2)}` },
    { language: "curl", code: curlFor(operation, input, url) },
    { language: "TypeScript", code: typeScriptFor(operation, input, url) },
    { language: "Python", code: pythonFor(operation, input, url) },
  ];
}

/** Asks for what this task answers, and nothing that would be empty. */
function operationFor({ explain }: InferInput, task: ModelTask): string {
  const fields = {
    IMAGE_CLASSIFICATION: ["label score scores { label score }"],
    TEXT_CLASSIFICATION: ["label score scores { label score } truncated"],
    TOKEN_CLASSIFICATION: ["tokens { text start end label score } truncated"],
    TENSOR: ["tensors { name tensor }"],
  }[task];
  const part = { IMAGE_CLASSIFICATION: "heatMap", TENSOR: "values" } as const;
  const explained = task in part ? part[task as keyof typeof part] : "tokens { text start end value }";
  if (explain) fields.push(`explanation { method target ${explained} completeness { sum expected error } }`);
  return `mutation Try($input: InferInput!) {
  infer(input: $input) {
    outputs {
${fields.map((field) => `      ${field}`).join("\n")}
    }
    usage { meter quantity amount }
    timing { queueMs runMs totalMs }
  }
}`;
}

/** What stands for the picture until the program reads it. */
const pictureMark = "<picture>";

function withoutPicture(input: InferInput): { input: InferInput; hasPicture: boolean } {
  const hasPicture = input.inputs.some(({ image }) => image);
  const inputs = input.inputs.map((one) => (one.image ? { ...one, image: pictureMark } : one));
  return { input: { ...input, inputs }, hasPicture };
}

function curlFor(operation: string, asked: InferInput, url: string): string {
  const { input, hasPicture } = withoutPicture(asked);
  const body = JSON.stringify({ query: onOneLine(operation), variables: { input } });
  // Out of the quotes for the picture, and in again; through a file, since a picture may be longer than a command.
  const quoted = body.replaceAll("'", "'\\''").replace(pictureMark, `'"$(base64 -w0 ${pictureFile})"'`);
  const request = `curl -s ${url} \\
  -H "authorization: Bearer $TOLLGATE_KEY" \\
  -H 'content-type: application/json' \\`;
  if (hasPicture) return `printf '%s' '${quoted}' |\n${request}\n  -d @-`;
  return `${request}\n  -d '${quoted}'`;
}

function typeScriptFor(operation: string, asked: InferInput, url: string): string {
  const { input, hasPicture } = withoutPicture(asked);
  const variables = indented(JSON.stringify(input, undefined, 2), "    ").replace(
    `"${pictureMark}"`,
    `readFileSync("${pictureFile}", "base64")`,
  );
  return `${hasPicture ? 'import { readFileSync } from "node:fs";\n\n' : ""}const query = \`${operation}\`;

const response = await fetch("${url}", {
  method: "POST",
  headers: {
    authorization: \`Bearer \${process.env.TOLLGATE_KEY}\`,
    "content-type": "application/json",
  },
  body: JSON.stringify({
    query,
    variables: { input: ${variables} },
  }),
});
const { data, errors } = await response.json();
if (errors) throw new Error(errors[0].message);
console.log(data.infer.outputs[0]);`;
}

function pythonFor(operation: string, asked: InferInput, url: string): string {
  const { input, hasPicture } = withoutPicture(asked);
  const variables = pythonOf(input).replace(
    `"${pictureMark}"`,
    `base64.b64encode(open("${pictureFile}", "rb").read()).decode()`,
  );
  return `import ${hasPicture ? "base64, " : ""}json, os, urllib.request

query = """${operation}"""

request = urllib.request.Request(
    "${url}",
    headers={
        "authorization": f"Bearer {os.environ['TOLLGATE_KEY']}",
        "content-type": "application/json",
    },
    data=json.dumps({"query": query, "variables": {"input": ${variables}}}).encode(),
)
answer = json.load(urllib.request.urlopen(request))
if "errors" in answer:
    raise SystemExit(answer["errors"][0]["message"])
print(answer["data"]["infer"]["outputs"][0])`;
}

/** JSON as Python writes it: only its words for yes, no and nothing differ. */
function pythonOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(pythonOf).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).map(([key, of]) => `${JSON.stringify(key)}: ${pythonOf(of)}`);
    return `{${entries.join(", ")}}`;
  }
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  return JSON.stringify(value);
}

function onOneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ");
}

function indented(text: string, by: string): string {
  return text.replaceAll("\n", `\n${by}`);
}
