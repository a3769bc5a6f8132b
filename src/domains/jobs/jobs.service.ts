import { notFound, TollgateError } from "../../core/errors.ts";
import { isId, newId } from "../../core/ids.ts";
import { actorId, type TenantPrincipal } from "../../core/principal.ts";
import type { InferenceInput } from "../inference/inference.ts";
import type { Catalogue } from "../models/catalogue.ts";
import type { ModelVersion } from "../models/model.ts";
import { datasetProblem } from "./dataset-problem.ts";
import type { DatasetsStore } from "./datasets.store.ts";
import type { Job } from "./job.ts";
import { mostInputsOf } from "./job-explanation.ts";
import { checkRequest, inputsIn, type JobRequest, recordOfInput } from "./job-request.ts";
import type { JobsStore, NewJob } from "./jobs.store.ts";
import type { Slice } from "./slice.ts";
import { maxSliceBytes, Slicing } from "./slicing.ts";

export interface JobRequester {
  principal: TenantPrincipal;
  requestId: string | undefined;
}

interface JobsServiceOptions {
  catalogue: Pick<Catalogue, "resolve">;
  jobs: JobsStore;
  datasets: DatasetsStore;
}

/** Jobs of a tenant that have not ended. */
const maxOpenJobs = 1_000;
/** A slice is written in one transaction that holds its tenant's lock, whatever batches its version takes. */
const maxSliceItems = 256;
/** Changed inputs included: what explaining the items of a slice may take. */
const maxSliceInputs = 4_096;

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
    checkRequest(request, version);
    const mostInputs = mostInputsOf(request.explanation);
    const sliceItems = sliceItemsOf(version, mostInputs);
    const job: NewJob = {
      id: newId("job"),
      modelId: model.id,
      modelVersionId: version.id,
      alias,
      topK: request.topK,
      explanation: request.explanation,
      mostInputs,
      webhookEndpointId: webhookIn(request),
      priority: request.priority,
      sliceItems,
      ...credentialOf(principal),
      source: sourceOf(request, sliceItems),
    };
    const by = { actorId: actorId(principal), requestId };
    const made = await this.#options.jobs.insert(principal.tenantId, job, { by, maxOpen: maxOpenJobs });
    if (made === "NO_DATASET") throw await this.#datasetProblem(principal.tenantId, request.datasetId ?? "");
    if (made === "NO_WEBHOOK") throw notFound("webhook endpoint");
    if (made === "WEBHOOK_DISABLED") {
      throw new TollgateError(
        "CONFLICT",
        `The webhook endpoint ${request.webhookEndpointId} is disabled. Enable it first.`,
      );
    }
    if (made !== "TOO_MANY") return made;
    throw new TollgateError(
      "CONFLICT",
      `The tenant has ${maxOpenJobs} jobs that have not ended, which is the limit. Wait for some, or cancel them.`,
    );
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

  async #datasetProblem(tenantId: string, datasetId: string): Promise<TollgateError> {
    return datasetProblem(await this.#options.datasets.find(tenantId, datasetId));
  }
}

function sourceOf(request: JobRequest, sliceItems: number): NewJob["source"] {
  const source = inputsIn(request);
  if (source.kind === "DATASET") return { ...source, columns: request.columns };
  return { kind: "INLINE", slices: slicesOf(source.inputs, sliceItems) };
}

function slicesOf(inputs: readonly InferenceInput[], items: number): Slice[] {
  const slicing = new Slicing({ items, bytes: maxSliceBytes });
  const full = inputs.flatMap((input, index) => slicing.add(recordOfInput(input, index)) ?? []);
  return [...full, ...[slicing.rest() ?? []].flat()];
}

/** No more than a batch of the version, and no more than can be run well within a lease. */
function sliceItemsOf({ manifest }: ModelVersion, mostInputs: number): number {
  const items = Math.min(manifest.batching.maxInputs, maxSliceItems);
  return mostInputs === 1 ? items : Math.max(1, Math.min(items, Math.floor(maxSliceInputs / mostInputs)));
}

function credentialOf(principal: TenantPrincipal): { apiKeyId: string | undefined; userId: string | undefined } {
  return principal.kind === "API_KEY"
    ? { apiKeyId: principal.apiKeyId, userId: undefined }
    : { apiKeyId: undefined, userId: principal.userId };
}

function webhookIn({ webhookEndpointId: id }: JobRequest): string | undefined {
  if (id === undefined || isId("webhookEndpoint", id)) return id;
  throw notFound("webhook endpoint");
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
