import { notFound, TollgateError } from "../../core/errors.ts";
import { isId, newId } from "../../core/ids.ts";
import { actorId, type TenantPrincipal } from "../../core/principal.ts";
import type { InferenceInput } from "../inference/inference.ts";
import type { Catalogue } from "../models/catalogue.ts";
import type { Dataset, DatasetColumns } from "./dataset.ts";
import { DatasetBytes } from "./dataset-bytes.ts";
import { countItems, type ItemCount } from "./dataset-reader.ts";
import type { DatasetsStore } from "./datasets.store.ts";
import type { Job } from "./job.ts";
import type { JobsStore, NewJob } from "./jobs.store.ts";
import type { Slice } from "./slice.ts";
import { maxSliceBytes, Slicing } from "./slicing.ts";

export interface JobRequester {
  principal: TenantPrincipal;
  requestId: string | undefined;
}

/** What a caller asks for, before anything is checked. */
export interface JobRequest {
  model: string;
  alias: string | undefined;
  version: number | undefined;
  topK: number;
  priority: number;
  inputs: readonly InferenceInput[] | undefined;
  datasetId: string | undefined;
  columns: DatasetColumns;
}

export interface JobEstimate {
  items: number;
  isExact: boolean;
  /** Undefined where the tenant has no plan that prices it. */
  amountMicros: bigint | undefined;
  /** At the pace of late, with all runners of this gateway for it alone. */
  seconds: number | undefined;
}

interface JobsServiceOptions {
  catalogue: Pick<Catalogue, "resolve">;
  jobs: JobsStore;
  datasets: DatasetsStore;
  /** What so many inputs of a model would cost a tenant now. */
  quote: (tenantId: string, modelId: string, inputs: number) => Promise<bigint | undefined>;
  /** The milliseconds that an input of a version takes, as measured here. */
  msPerInput: (modelVersionId: string) => number | undefined;
}

const maxInlineInputs = 10_000;
const maxTopK = 100;
const maxPriority = 100;
/** Jobs of a tenant that have not ended. */
const maxOpenJobs = 1_000;
/** A slice is written in one transaction that holds its tenant's lock, whatever batches its version takes. */
const maxSliceItems = 256;

/** Submits, cancels, resumes and retries the jobs of the requester's tenant. Each leaves an audit event. */
export class JobsService {
  readonly #options: JobsServiceOptions;

  constructor(options: JobsServiceOptions) {
    this.#options = options;
  }

  /** Pins the version and puts the job in the queue, in one transaction. Nothing is charged before an item is answered. */
  async submit(requester: JobRequester, request: JobRequest): Promise<Job> {
    const { principal, requestId } = requester;
    const { model, version, alias } = this.#options.catalogue.resolve(principal, request.model, request);
    checkNumbers(request);
    const sliceItems = Math.min(version.manifest.batching.maxInputs, maxSliceItems);
    const job: NewJob = {
      id: newId("job"),
      modelId: model.id,
      modelVersionId: version.id,
      alias,
      topK: request.topK,
      priority: request.priority,
      sliceItems,
      ...credentialOf(principal),
      source: sourceOf(request, sliceItems),
    };
    const by = { actorId: actorId(principal), requestId };
    const made = await this.#options.jobs.insert(principal.tenantId, job, { by, maxOpen: maxOpenJobs });
    if (made === "NO_DATASET") throw await this.#datasetProblem(principal.tenantId, request.datasetId ?? "");
    if (made !== "TOO_MANY") return made;
    throw new TollgateError(
      "CONFLICT",
      `The tenant has ${maxOpenJobs} jobs that have not ended, which is the limit. Wait for some, or cancel them.`,
    );
  }

  /** What a job would be, without submitting it. */
  async estimate(principal: TenantPrincipal, request: JobRequest): Promise<JobEstimate> {
    const { tenantId } = principal;
    const { model, version } = this.#options.catalogue.resolve(principal, request.model, request);
    checkNumbers(request);
    const { items, isExact } = await this.#count(tenantId, request);
    const ms = this.#options.msPerInput(version.id);
    return {
      items,
      isExact,
      amountMicros: await this.#options.quote(tenantId, model.id, items),
      seconds: ms === undefined ? undefined : (ms * items) / 1000,
    };
  }

  async cancel({ principal, requestId }: JobRequester, id: string): Promise<Job> {
    const by = { actorId: actorId(principal), requestId };
    return found(await this.#options.jobs.cancel(principal.tenantId, checkId(id), by));
  }

  async resume({ principal, requestId }: JobRequester, id: string): Promise<Job> {
    const by = { actorId: actorId(principal), requestId };
    const credential = credentialOf(principal);
    return found(await this.#options.jobs.resume(principal.tenantId, checkId(id), { by, credential }));
  }

  async retry({ principal, requestId }: JobRequester, id: string): Promise<Job> {
    const by = { actorId: actorId(principal), requestId };
    const credential = credentialOf(principal);
    const job = found(await this.#options.jobs.retry(principal.tenantId, checkId(id), { by, credential }));
    if (typeof job !== "string") return job;
    const problems = {
      NOT_ENDED: "The job has not ended yet. Failed items can be retried when it has.",
      NOTHING_FAILED: "The job has no failed items that could be retried.",
      RESULTS_GONE: "The results of the job are past their time, and its inputs with them. Submit them again.",
    };
    throw new TollgateError("CONFLICT", problems[job]);
  }

  async #count(tenantId: string, { inputs, datasetId, columns }: JobRequest): Promise<ItemCount> {
    checkSource(inputs, datasetId);
    if (datasetId === undefined) return { items: inputs?.length ?? 0, isExact: true };
    const dataset = isId("dataset", datasetId) ? await this.#options.datasets.find(tenantId, datasetId) : undefined;
    if (dataset?.state !== "READY") throw datasetProblem(dataset);
    const { format, sizeBytes } = dataset;
    const bytes = new DatasetBytes(this.#options.datasets, { tenantId, datasetId, sizeBytes });
    return await countItems(bytes, { format, columns });
  }

  async #datasetProblem(tenantId: string, datasetId: string): Promise<TollgateError> {
    return datasetProblem(await this.#options.datasets.find(tenantId, datasetId));
  }
}

function datasetProblem(dataset: Dataset | undefined): TollgateError {
  if (dataset === undefined) return notFound("dataset");
  return new TollgateError(
    "CONFLICT",
    `The dataset is not uploaded to its end: ${dataset.sizeBytes} bytes of it are there. Go on with the upload first.`,
  );
}

function sourceOf({ inputs, datasetId, columns }: JobRequest, sliceItems: number): NewJob["source"] {
  checkSource(inputs, datasetId);
  if (datasetId === undefined) return { kind: "INLINE", slices: slicesOf(inputs ?? [], sliceItems) };
  if (!isId("dataset", datasetId)) throw notFound("dataset");
  return { kind: "DATASET", datasetId, columns };
}

function checkSource(inputs: JobRequest["inputs"], datasetId: string | undefined): void {
  if ((inputs === undefined) === (datasetId === undefined)) {
    throw new TollgateError("INVALID_INPUT", "source must have exactly one of inputs and datasetId.");
  }
  if (inputs !== undefined && (inputs.length < 1 || inputs.length > maxInlineInputs)) {
    throw new TollgateError(
      "INVALID_INPUT",
      `source.inputs has ${inputs.length} entries; send 1 to ${maxInlineInputs}, or upload more as a dataset.`,
    );
  }
}

function slicesOf(inputs: readonly InferenceInput[], items: number): Slice[] {
  const slicing = new Slicing({ items, bytes: maxSliceBytes });
  const full = inputs.flatMap(({ text, image, tensor }, index) => {
    const input = { text: text ?? undefined, image: image ?? undefined, tensor: tensor ?? undefined };
    return slicing.add({ line: index + 1, input }) ?? [];
  });
  return [...full, ...[slicing.rest() ?? []].flat()];
}

function checkNumbers({ topK, priority }: JobRequest): void {
  if (topK < 1 || topK > maxTopK) {
    throw new TollgateError("INVALID_INPUT", `topK is ${topK}; it must be from 1 to ${maxTopK}.`);
  }
  if (Math.abs(priority) > maxPriority) {
    throw new TollgateError(
      "INVALID_INPUT",
      `priority is ${priority}; it must be from -${maxPriority} to ${maxPriority}.`,
    );
  }
}

function credentialOf(principal: TenantPrincipal): { apiKeyId: string | undefined; userId: string | undefined } {
  return principal.kind === "API_KEY"
    ? { apiKeyId: principal.apiKeyId, userId: undefined }
    : { apiKeyId: undefined, userId: principal.userId };
}

/** An id that cannot be one is answered like one that is not there. */
function checkId(id: string): string {
  if (isId("job", id)) return id;
  throw notFound("job");
}

function found<T>(job: T | undefined): T {
  if (job !== undefined) return job;
  throw notFound("job");
}
