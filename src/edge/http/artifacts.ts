import type { FastifyInstance, FastifyRequest } from "fastify";
import { TollgateError } from "../../core/errors.ts";
import type { Principal } from "../../core/principal.ts";
import type { Artifacts } from "../../domains/models/artifacts.ts";
import type { Authenticator } from "../auth/authenticate.ts";
import { credentialOf } from "../auth/credential.ts";
import { Admission } from "./admission.ts";
import { requireUploader } from "./uploader.ts";

interface ArtifactRoutes {
  artifacts: Artifacts;
  authenticator: Authenticator;
  uploads: Admission;
}

/** Uploads at once: each holds a connection and a file open for as long as its sender takes. */
const maxUploadsAtOnce = 32;

export function uploadAdmission(): Admission {
  return new Admission(maxUploadsAtOnce);
}

/**
 * `PUT /artifacts/<sha256>`: brings a model file, to be registered by its digest. The body is the file, checked while it
 * streams. What is there already is answered at once, so whoever is cut off sends it again and is done.
 */
export function registerArtifacts(
  server: FastifyInstance,
  { artifacts, authenticator, uploads }: ArtifactRoutes,
): void {
  server.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers();
    // The body stays a stream, whatever it says it is.
    scope.addContentTypeParser("*", (_request, payload, parsed) => parsed(null, payload));
    scope.route<{ Params: { digest: string } }>({
      method: "PUT",
      url: "/artifacts/:digest",
      // Before a byte of the body is read.
      onRequest: async (request) => {
        request.principal = await authenticator.authenticate(credentialOf(request.headers, request.host), request.ip);
        requireUploader(request.principal);
        digestOf(request);
      },
      handler: async (request, reply) => {
        const principal = requireUploader(request.principal);
        const digest = digestOf(request);
        const { artifact, isNew } = await uploads.admit(() => takeOnce(artifacts, { principal, digest, request }));
        void reply.code(isNew ? 201 : 200);
        return artifact;
      },
    });
    done();
  });
}

async function takeOnce(
  artifacts: Artifacts,
  { principal, digest, request }: { principal: Principal; digest: string; request: FastifyRequest },
) {
  const known = await artifacts.find(principal, digest);
  if (known !== undefined) return { artifact: known, isNew: false };
  return { artifact: await artifacts.take(principal, request.raw, digest), isNew: true };
}

function digestOf(request: FastifyRequest<{ Params: { digest: string } }>): string {
  const { digest } = request.params;
  if (/^[0-9a-f]{64}$/.test(digest)) return digest;
  throw new TollgateError("INVALID_INPUT", "PUT to /artifacts/<sha-256 of the file: 64 characters of 0-9 and a-f>.");
}
