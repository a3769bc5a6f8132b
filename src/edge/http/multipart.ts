import type { IncomingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";
import { Busboy, type BusboyFileStream, type BusboyInstance } from "@fastify/busboy";
import { z } from "zod";
import { messageOf, TollgateError } from "../../core/errors.ts";
import { UploadedFile } from "../../platform/graphql/upload.types.ts";

interface MultipartRequest {
  headers: IncomingHttpHeaders;
  body: Readable;
  /** Takes a file in, to its end. */
  take: (file: Readable) => Promise<{ digest: string; bytes: number }>;
}

const limits = { fieldNameSize: 100, fieldSize: 8 * 1024 * 1024, fields: 2, files: 4, parts: 6, headerPairs: 20 };

const operationSchema = z.looseObject({ query: z.string() });
const mapSchema = z.record(z.string(), z.array(z.string()).min(1).max(1));

/**
 * A GraphQL request with files, by the GraphQL multipart request specification: `operations`, then `map`, then the files.
 * Each file is taken in as it comes, and stands in the variables as what it was taken in as; none is held in memory.
 */
export async function readMultipart(request: MultipartRequest): Promise<Record<string, unknown>> {
  const type = request.headers["content-type"];
  if (type === undefined) throw invalid("has no content type");
  const form = new Form(request.take);
  await form.read(new Busboy({ headers: { ...request.headers, "content-type": type }, limits }), request.body);
  return form.operation();
}

class Form {
  readonly #take: MultipartRequest["take"];
  readonly #fields = new Map<string, string>();
  readonly #taken = new Map<string, UploadedFile>();
  readonly #taking: Promise<void>[] = [];

  constructor(take: MultipartRequest["take"]) {
    this.#take = take;
  }

  async read(parser: BusboyInstance, body: Readable): Promise<void> {
    const { promise: failed, reject } = Promise.withResolvers<never>();
    const { promise: finished, resolve } = Promise.withResolvers<void>();
    parser.on("field", (name, value, _nameCut, isCut) => {
      if (isCut) reject(invalid(`${name} has more than ${limits.fieldSize} bytes`));
      this.#fields.set(name, value);
    });
    parser.on("file", (name, file) => {
      const taking = this.#takeFile(name, file);
      this.#taking.push(taking);
      taking.catch((error: unknown) => reject(error));
    });
    for (const limit of ["fieldsLimit", "filesLimit", "partsLimit"] as const)
      parser.on(limit, () => reject(invalid("has more parts than operations, map and 4 files")));
    parser.on("error", (error) => reject(invalid(`cannot be read: ${messageOf(error)}`)));
    parser.on("finish", () => resolve());
    body.on("error", (error) => reject(error));
    body.on("aborted", () => reject(invalid("ended in the middle")));
    body.pipe(parser);
    try {
      await Promise.race([finished.then(() => Promise.all(this.#taking)), failed]);
    } catch (error) {
      body.unpipe(parser);
      // What a file's reader waits for will not come any more.
      parser.destroy();
      body.resume();
      await Promise.allSettled(this.#taking);
      throw error;
    }
  }

  /** The operation, with the files in their places. */
  operation(): Record<string, unknown> {
    const operation = parsed("operations", this.#fields.get("operations"), operationSchema);
    for (const [name, [place = ""]] of Object.entries(this.#map())) {
      const file = this.#taken.get(name);
      if (file === undefined) throw invalid(`has no file ${JSON.stringify(name)}, which map speaks of`);
      putIn(operation, place, file);
    }
    return operation;
  }

  #map(): Record<string, string[]> {
    return parsed("map", this.#fields.get("map"), mapSchema);
  }

  async #takeFile(name: string, file: BusboyFileStream): Promise<void> {
    try {
      if (!this.#fields.has("operations")) throw invalid("has a file before operations and map");
      if (!Object.hasOwn(this.#map(), name)) throw invalid(`has a file ${JSON.stringify(name)} that map does not name`);
      this.#taken.set(name, new UploadedFile(await this.#take(file)));
    } finally {
      file.resume();
    }
  }
}

function parsed<T>(field: string, text: string | undefined, schema: z.ZodType<T>): T {
  if (text === undefined) throw invalid(`has no ${field}`);
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw notAsSpecified(field, error);
  }
}

function notAsSpecified(field: string, cause: unknown): TollgateError {
  const message = `The multipart request is not right: ${field} is not as specified.`;
  return new TollgateError("INVALID_INPUT", message, { cause });
}

/** Puts the file where the map says, such as `variables.input.file`: in the place of a null, and nowhere else. */
function putIn(operation: object, place: string, file: UploadedFile): void {
  const path = place.split(".");
  const last = path.pop() ?? "";
  let parent: object = operation;
  for (const step of path) {
    const next: unknown = Object.hasOwn(parent, step) ? Reflect.get(parent, step) : undefined;
    if (typeof next !== "object" || next === null) throw noPlace(place);
    parent = next;
  }
  if (path[0] !== "variables" || !Object.hasOwn(parent, last) || Reflect.get(parent, last) !== null)
    throw noPlace(place);
  Reflect.set(parent, last, file);
}

function noPlace(place: string): TollgateError {
  return invalid(`has no null at ${JSON.stringify(place)} for a file to stand in`);
}

function invalid(what: string): TollgateError {
  return new TollgateError("INVALID_INPUT", `The multipart request is not right: it ${what}.`);
}
