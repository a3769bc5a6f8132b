import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import type { Answer, GraphqlClient } from "./graphql-client.ts";
import { graph, model, node, tensor } from "./onnx-writer.ts";

/** What to ask for of the answer of a version without labels. */
export const itsNumbers = "tensors { tensor }";

/** The numbers of such an answer. */
export function numbersOf(output: { tensors: { tensor: { data: string } }[] }): number[] {
  const bytes = new Uint8Array(Buffer.from(output.tensors[0]?.tensor.data ?? "", "base64"));
  return [...new Float32Array(bytes.buffer)];
}

/** What a registration was answered with. */
export interface Registered {
  id: string;
  version: number;
  digest: string;
  state: string;
  stateReason: string | null;
}

/** Registers, points and rolls back as one caller of a gateway does. */
export class RegistryClient {
  readonly client: GraphqlClient;

  constructor(client: GraphqlClient) {
    this.client = client;
  }

  /** Sends a file under its digest, or under another, and returns the whole response. */
  async put(file: Uint8Array, digest = digestOf(file)): Promise<Response> {
    return await fetch(`${this.client.url}/artifacts/${digest}`, {
      method: "PUT",
      headers: { authorization: `Bearer ${this.client.credential}` },
      body: new Blob([new Uint8Array(file)]),
    });
  }

  /** Brings the file and registers it; what the registration says is returned, be it ready or rejected. */
  async register(name: string, file: Uint8Array, rest: Record<string, unknown> = {}): Promise<Registered> {
    const response = await this.put(file);
    if (!response.ok) throw new Error(`the file was not taken: ${await response.text()}`);
    const answer = await this.sendRegister({ model: name, digest: digestOf(file), ...rest });
    const [error] = answer.errors;
    if (error !== undefined) throw new Error(`${error.extensions.code}: ${error.message}`);
    return answer.data.registerModelVersion;
  }

  async sendRegister(input: Record<string, unknown>): Promise<Answer> {
    return await this.client.send(
      `mutation($input: RegisterModelVersionInput!) {
        registerModelVersion(input: $input) { id version digest state stateReason }
      }`,
      { input },
    );
  }

  async point(input: Record<string, unknown>): Promise<Answer> {
    return await this.client.send(
      "mutation($input: PointAliasInput!) { pointAlias(input: $input) { id name revision targets { weight version { version state } } } }",
      { input },
    );
  }

  async rollBack(input: Record<string, unknown>): Promise<Answer> {
    return await this.client.send(
      "mutation($input: RollBackAliasInput!) { rollBackAlias(input: $input) { revision targets { weight version { version } } } }",
      { input },
    );
  }

  async retire(name: string, version: number): Promise<Answer> {
    return await this.client.send(
      "mutation($input: RetireModelVersionInput!) { retireModelVersion(input: $input) { id version state } }",
      { input: { model: name, version } },
    );
  }

  async stateOf(name: string, version: number): Promise<string> {
    const answer = await this.client.ask(
      "query($name: String!) { model(name: $name) { versions { version state } } }",
      {
        name,
      },
    );
    const versions: Registered[] = answer.data.model.versions;
    return versions.find((one) => one.version === version)?.state ?? "NONE";
  }
}

/** A model of test/support/models. */
export function tinyFile(name: string): Uint8Array {
  return readFileSync(path.join(import.meta.dirname, "models", `${name}.onnx`));
}

export function digestOf(file: Uint8Array): string {
  return createHash("sha256").update(file).digest("hex");
}

/** A file of its own that answers what it is given, times a factor: versions that can be told apart. */
export function timesFile(factor: number): Uint8Array {
  const raw = new Uint8Array(Float32Array.of(factor).buffer);
  return model({
    graph: graph({
      nodes: [node({ operator: "Mul", inputs: ["x", "factor"], outputs: ["y"] })],
      initializers: [tensor({ name: "factor", dims: [1], raw })],
    }),
  });
}

/** One number, as an input. */
export function numberInput(number: number): { tensor: Record<string, unknown> } {
  const data = Buffer.from(Float32Array.of(number).buffer).toString("base64");
  return { tensor: { dtype: "float32", shape: [1], data } };
}
