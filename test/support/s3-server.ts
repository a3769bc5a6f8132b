import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** As much of S3 as an artifact store speaks: objects and multipart uploads of one bucket, in memory. */
export class S3Server {
  readonly objects = new Map<string, Buffer>();
  /** When an object was kept; now, where it is not said. */
  readonly keptAt = new Map<string, Date>();
  readonly uploads = new Map<string, Map<number, Buffer>>();
  /** What was asked, such as `PUT ?partNumber`. */
  readonly asked: string[] = [];
  readonly #server = createServer((request, response) => {
    this.#answer(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  #lastUpload = 0;
  #held: Promise<void> | undefined;

  static async start(): Promise<S3Server> {
    const server = new S3Server();
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    return server;
  }

  /** The address of a store on it. */
  get address(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `s3://bucket/some/prefix?region=eu-central-1&endpoint=http://127.0.0.1:${port}`;
  }

  /** Answers no reading until what it returns is called. */
  holdReading(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held = promise;
    return () => {
      this.#held = undefined;
      resolve();
    };
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://s3");
    const key = decodeURIComponent(pathname).replace(/^\/bucket\//, "");
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    if (request.headers.authorization?.startsWith("AWS4-HMAC-SHA256") !== true)
      return void response.writeHead(403).end();
    this.asked.push(`${request.method} ${searchParams.has("partNumber") ? "?partNumber" : ""}`.trim());
    if (request.method === "GET") await this.#held;
    const uploadId = searchParams.get("uploadId");
    if (searchParams.has("uploads")) return this.#begin(key, response);
    if (searchParams.has("list-type")) return this.#list(response, searchParams);
    if (uploadId !== null) return this.#upload(request, response, { key, uploadId, body, searchParams });
    this.#object(request, response, { key, body });
  }

  /** Two objects at a time, so that whoever lists has to come again. */
  #list(response: ServerResponse, searchParams: URLSearchParams): void {
    const prefix = searchParams.get("prefix") ?? "";
    const keys = [...this.objects.keys()].filter((key) => key.startsWith(prefix)).sort();
    const from = Number(searchParams.get("continuation-token") ?? 0);
    const listed = keys.slice(from, from + 2).map((key) => {
      const keptAt = (this.keptAt.get(key) ?? new Date()).toISOString();
      return `<Contents><Key>${key}</Key><LastModified>${keptAt}</LastModified></Contents>`;
    });
    const isMore = keys.length > from + 2;
    const next = isMore ? `<NextContinuationToken>${from + 2}</NextContinuationToken>` : "";
    xml(response, `<ListBucketResult>${listed.join("")}<IsTruncated>${isMore}</IsTruncated>${next}</ListBucketResult>`);
  }

  #begin(key: string, response: ServerResponse): void {
    const id = String(++this.#lastUpload);
    this.uploads.set(id, new Map());
    xml(
      response,
      `<InitiateMultipartUploadResult><Bucket>bucket</Bucket><Key>${key}</Key><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
    );
  }

  #upload(
    request: IncomingMessage,
    response: ServerResponse,
    upload: { key: string; uploadId: string; body: Buffer; searchParams: URLSearchParams },
  ): void {
    const { key, uploadId, body, searchParams } = upload;
    const parts = this.uploads.get(uploadId);
    if (parts === undefined) return void response.writeHead(404).end();
    if (request.method === "DELETE") {
      this.uploads.delete(uploadId);
      return void response.writeHead(204).end();
    }
    if (request.method === "PUT") {
      const number = Number(searchParams.get("partNumber"));
      parts.set(number, body);
      return void response.writeHead(200, { etag: `"${number}"` }).end();
    }
    const inOrder = [...parts.keys()].sort((a, b) => a - b).map((number) => parts.get(number) ?? Buffer.alloc(0));
    this.objects.set(key, Buffer.concat(inOrder));
    this.uploads.delete(uploadId);
    xml(
      response,
      `<CompleteMultipartUploadResult><Bucket>bucket</Bucket><Key>${key}</Key><ETag>"x"</ETag></CompleteMultipartUploadResult>`,
    );
  }

  #object(request: IncomingMessage, response: ServerResponse, { key, body }: { key: string; body: Buffer }): void {
    const source = request.headers["x-amz-copy-source"];
    const held = this.objects.get(key);
    switch (request.method) {
      case "PUT": {
        const copied =
          typeof source === "string" ? this.objects.get(decodeURIComponent(source).replace(/^bucket\//, "")) : body;
        if (copied === undefined) return void response.writeHead(404).end();
        this.objects.set(key, copied);
        xml(response, '<CopyObjectResult><ETag>"x"</ETag></CopyObjectResult>');
        return;
      }
      case "DELETE":
        this.objects.delete(key);
        return void response.writeHead(204).end();
      default:
        if (held === undefined) return void response.writeHead(404).end();
        return void response
          .writeHead(200, { "content-length": held.length })
          .end(request.method === "HEAD" ? undefined : held);
    }
  }
}

function xml(response: ServerResponse, text: string): void {
  response.writeHead(200, { "content-type": "application/xml", etag: '"x"' }).end(`<?xml version="1.0"?>${text}`);
}
