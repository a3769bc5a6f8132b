import { notFound, TollgateError } from "../../core/errors.ts";
import type { Dataset } from "./dataset.ts";

/** Why a dataset cannot be the source of a job. */
export function datasetProblem(dataset: Dataset | undefined): TollgateError {
  if (dataset === undefined) return notFound("dataset");
  return new TollgateError(
    "CONFLICT",
    `The dataset is not uploaded to its end: ${dataset.sizeBytes} bytes of it are there. Go on with the upload first.`,
  );
}
