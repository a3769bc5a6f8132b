import { z } from "zod";

export const datasetFormats = {
  JSONL: "One JSON object in each line: `text`, `image` (base64) or `tensor`, and an `id` if you like.",
  CSV: "Comma-separated, with a header: `columns` says which column is what.",
  PARQUET: "Apache Parquet: `columns` says which column is what.",
  ZIP: "An archive of PNG and JPEG files, each an input.",
} as const;

export type DatasetFormat = keyof typeof datasetFormats;

export function isDatasetFormat(text: string): text is DatasetFormat {
  return Object.hasOwn(datasetFormats, text);
}

/** A file of inputs, uploaded to be the source of jobs. */
export interface Dataset {
  id: string;
  tenantId: string;
  format: DatasetFormat;
  state: "UPLOADING" | "READY";
  /** Received so far. */
  sizeBytes: number;
  /** As announced; unknown where the sender did not say. */
  lengthBytes: number | undefined;
  createdAt: Date;
  readyAt: Date | undefined;
  expiresAt: Date;
}

export const columnsSchema = z.object({
  text: z.string().optional(),
  image: z.string().optional(),
  tensor: z.string().optional(),
  id: z.string().optional(),
});

/** Which column of a dataset is what. What is not given has its own name. */
export type DatasetColumns = z.infer<typeof columnsSchema>;
