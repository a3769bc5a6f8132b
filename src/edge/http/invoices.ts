import type { FastifyInstance, FastifyRequest } from "fastify";
import { notFound } from "../../core/errors.ts";
import { principalOf } from "../../core/request-context.ts";
import {
  type DocumentFormat,
  type DocumentsService,
  documentFormats,
} from "../../domains/billing/documents.service.ts";
import { scopeOf } from "../../domains/billing/scope.ts";
import type { Authenticator } from "../auth/authenticate.ts";
import { credentialOf } from "../auth/credential.ts";
import { requirePermission } from "../graphql/authorize.ts";
import type { Admission } from "./admission.ts";

export interface InvoicesOptions {
  authenticator: Authenticator;
  documents: DocumentsService;
}

/** Invoices as files, for the same credential as everything else: `GET /invoices/<id>.pdf` and `.csv`. */
export function registerInvoices(
  server: FastifyInstance,
  { authenticator, documents }: InvoicesOptions,
  admission: Admission,
): void {
  server.route<{ Params: { file: string } }>({
    method: "GET",
    url: "/invoices/:file",
    preValidation: async (request: FastifyRequest) => {
      request.principal = await authenticator.authenticate(credentialOf(request.headers, request.host), request.ip);
    },
    handler: async (request, reply) =>
      await admission.admit(async () => {
        const principal = principalOf(request);
        requirePermission(principal, "invoices:read");
        const { id, format } = wantedDocument(request.params.file);
        const document = await documents.documentOf(scopeOf(principal), id, format);
        void reply.type(document.contentType);
        void reply.header("content-disposition", `attachment; filename="${document.name}"`);
        void reply.header("cache-control", "private, no-store");
        return document.body;
      }),
  });
}

function wantedDocument(file: string): { id: string; format: DocumentFormat } {
  const [id = "", extension, ...rest] = file.split(".");
  const format = documentFormats.find((one) => one === extension);
  if (format === undefined || rest.length > 0) throw notFound("invoice");
  return { id, format };
}
