import { GraphQLScalarType } from "graphql";
import { TollgateError } from "../../core/errors.ts";

/** A file that came with the request and was taken in before anything was resolved. */
export class UploadedFile {
  readonly digest: string;
  readonly bytes: number;

  constructor({ digest, bytes }: { digest: string; bytes: number }) {
    this.digest = digest;
    this.bytes = bytes;
  }
}

export const UploadScalar = new GraphQLScalarType<UploadedFile, never>({
  name: "Upload",
  description: "A file, sent as a part of a multipart request (the GraphQL multipart request specification).",
  parseValue: (value) => {
    if (value instanceof UploadedFile) return value;
    throw new TollgateError("INVALID_INPUT", "Upload is a file of a multipart request; in JSON it stands as null.");
  },
  parseLiteral: () => {
    throw new TollgateError("INVALID_INPUT", "Upload is given in a variable.");
  },
  serialize: () => {
    throw new Error("an upload is never answered");
  },
});
