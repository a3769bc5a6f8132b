import { TollgateError } from "../../core/errors.ts";
import type { TenantPrincipal } from "../../core/principal.ts";
import { usualComputeUs } from "../inference/compute-reservation.ts";
import type { InferenceInput } from "../inference/inference.ts";
import { tokensIn } from "../inference/token-count.ts";
import type { Catalogue } from "../models/catalogue.ts";
import type { ModelVersion } from "../models/model.ts";
import type { QuotedUsage } from "../usage/quoted-usage.ts";
import { DatasetBytes } from "./dataset-bytes.ts";
import { datasetProblem } from "./dataset-problem.ts";
import { countItems, firstRecords, type ItemCount } from "./dataset-reader.ts";
import type { DatasetsStore } from "./datasets.store.ts";
import { type PreparedItem, prepareItems } from "./item-preparation.ts";
import { checkRequest, inputsIn, type JobRequest, recordOfInput } from "./job-request.ts";
import type { SliceRecord } from "./slice.ts";

export interface JobEstimate {
  items: number;
  /** What they would be charged as: with explanations, more than items. */
  inputs: number;
  /** Whether all that it depends on was looked at; otherwise the beginning was. */
  isExact: boolean;
  /** Undefined where the tenant has no plan that prices it. */
  amountMicros: bigint | undefined;
  /** At the pace of late, with all runners of this gateway for it alone. */
  seconds: number | undefined;
}

interface JobEstimatesOptions {
  catalogue: Pick<Catalogue, "resolve">;
  datasets: Pick<DatasetsStore, "find" | "chunkAt">;
  /** What so much of a model would cost a tenant now. */
  quote: (tenantId: string, modelId: string, usage: QuotedUsage) => Promise<bigint | undefined>;
  /** The milliseconds that an input of a version takes, as measured here. */
  msPerInput: (modelVersionId: string) => number | undefined;
}

interface Sampled extends ItemCount {
  sample: readonly SliceRecord[];
}

/** What an item takes, on the average of those that were looked at. */
interface PerItem {
  inputs: number;
  tokens: number;
  explanations: number;
}

/** Somebody waits for the estimate: so many items are prepared and planned as if they were to be run. */
const sampledItems = 64;

/** Each may hold a row group of Parquet, or the pictures of a slice, in memory. */
const atOnce = 4;

/** Tells what a job would be, without submitting it. */
export class JobEstimates {
  readonly #options: JobEstimatesOptions;
  #underWay = 0;

  constructor(options: JobEstimatesOptions) {
    this.#options = options;
  }

  async estimate(principal: TenantPrincipal, request: JobRequest): Promise<JobEstimate> {
    if (this.#underWay >= atOnce) {
      const message = `${atOnce} estimates are being made here already, which is the limit. Ask again in a moment.`;
      throw new TollgateError("OVERLOADED", message, { retryAfterMs: 1_000 });
    }
    this.#underWay += 1;
    try {
      return await this.#estimate(principal, request);
    } finally {
      this.#underWay -= 1;
    }
  }

  async #estimate(principal: TenantPrincipal, request: JobRequest): Promise<JobEstimate> {
    const { tenantId } = principal;
    const { catalogue, quote, msPerInput } = this.#options;
    const { model, version } = catalogue.resolve(principal, request.model, request);
    checkRequest(request, version);
    const { items, isExact, sample } = await this.#sampled(tenantId, request);
    const prepared = await prepareItems(version, sample, request.explanation);
    const readable = prepared.filter((item) => item.kind === "PREPARED");
    const each = meanOf(version, readable);
    const inputs = Math.round(items * each.inputs);
    const ms = msPerInput(version.id);
    const amountMicros = await quote(tenantId, model.id, {
      inputs,
      tokens: Math.round(items * each.tokens),
      explanations: Math.round(items * each.explanations),
      computeUs: usualComputeUs(ms ?? 0, inputs),
    });
    return {
      items,
      inputs,
      isExact: isExact && (request.explanation === undefined || readable.length === items),
      amountMicros,
      seconds: ms === undefined ? undefined : (ms * inputs) / 1000,
    };
  }

  async #sampled(tenantId: string, request: JobRequest): Promise<Sampled> {
    const source = inputsIn(request);
    if (source.kind === "INLINE") {
      return { items: source.inputs.length, isExact: true, sample: spread(source.inputs).map(recordOfInput) };
    }
    const { datasetId } = source;
    const dataset = await this.#options.datasets.find(tenantId, datasetId);
    if (dataset?.state !== "READY") throw datasetProblem(dataset);
    const { format, sizeBytes } = dataset;
    const bytes = () => new DatasetBytes(this.#options.datasets, { tenantId, datasetId, sizeBytes });
    const asked = { format, columns: request.columns };
    const counted = await countItems(bytes(), asked);
    return { ...counted, sample: await firstRecords(bytes(), { ...asked, count: sampledItems }) };
  }
}

/** A few of them, from beginning to end: files are often sorted. */
function spread(inputs: readonly InferenceInput[]): InferenceInput[] {
  const step = Math.max(1, inputs.length / sampledItems);
  return Array.from({ length: Math.min(inputs.length, sampledItems) }, (_, i) => inputs[Math.floor(i * step)] ?? {});
}

function meanOf({ manifest }: ModelVersion, items: readonly PreparedItem[]): PerItem {
  if (items.length === 0) return { inputs: 1, tokens: 0, explanations: 0 };
  const evaluations = items.reduce((sum, { plan }) => sum + (plan?.evaluations ?? 0), 0);
  const tokens = tokensIn(
    manifest,
    items.map(({ prepared }) => prepared),
  );
  return {
    inputs: 1 + evaluations / items.length,
    tokens: tokens / items.length,
    explanations: items.some(({ plan }) => plan !== undefined) ? 1 : 0,
  };
}
