import { Arg, Args, Authorized, Ctx, ID, Mutation, Query, Resolver, Root, Subscription } from "type-graphql";
import { notFound } from "../../core/errors.ts";
import { isId } from "../../core/ids.ts";
import { type RequestContext, tenantPrincipalOf } from "../../core/request-context.ts";
import { type Connection, PageArgs, pageRequestOf, toConnection } from "../../platform/graphql/connection.types.ts";
import { subscribeOn } from "../../platform/graphql/subscribe.ts";
import { toExplainRequest } from "../inference/explanation.types.ts";
import type { Catalogue } from "../models/catalogue.ts";
import { toModelType, toVersionType } from "../models/models.types.ts";
import type { Job, JobState } from "./job.ts";
import type { JobEstimates } from "./job-estimates.ts";
import type { JobExplanation } from "./job-explanation.ts";
import type { JobRequest } from "./job-request.ts";
import { toJobType } from "./job-view.types.ts";
import type { JobWatches } from "./job-watches.ts";
import type { JobRequester, JobsService } from "./jobs.service.ts";
import type { JobsStore } from "./jobs.store.ts";
import {
  CancelJobInput,
  type DatasetColumnsInput,
  JobConnectionType,
  JobEstimateType,
  type JobExplainInput,
  JobStateType,
  JobType,
  ResumeJobInput,
  RetryJobInput,
  SubmitJobInput,
} from "./jobs.types.ts";

interface JobsResolverOptions {
  service: JobsService;
  estimates: JobEstimates;
  jobs: JobsStore;
  watches: JobWatches;
  catalogue: Catalogue;
}

@Resolver(() => JobType)
export class JobsResolver {
  readonly #options: JobsResolverOptions;

  constructor(options: JobsResolverOptions) {
    this.#options = options;
  }

  @Authorized("jobs:read")
  @Query(() => JobType, { description: "A job of the principal's tenant." })
  async job(
    @Ctx() context: RequestContext,
    @Arg("id", () => ID, { description: "The id of the job, `job_…`." }) id: string,
  ): Promise<JobType> {
    const { tenantId } = tenantPrincipalOf(context);
    const job = isId("job", id) ? await this.#options.jobs.find(tenantId, id) : undefined;
    if (job === undefined) throw notFound("job");
    return this.#shown(job);
  }

  @Authorized("jobs:read")
  @Query(() => JobConnectionType, { description: "The jobs of the principal's tenant, newest first." })
  async jobs(
    @Ctx() context: RequestContext,
    @Arg("state", () => JobStateType, { nullable: true, description: "Only those that stand so." })
    state: JobState | null,
    @Args(() => PageArgs) args: PageArgs,
  ): Promise<Connection<JobType>> {
    const { tenantId } = tenantPrincipalOf(context);
    const page = await this.#options.jobs.page(tenantId, state ?? undefined, pageRequestOf(args));
    return toConnection(page, (job) => this.#shown(job));
  }

  @Authorized("jobs:write")
  @Query(() => JobEstimateType, { description: "What a job would be and cost, without submitting it." })
  async estimateJob(
    @Ctx() context: RequestContext,
    @Arg("input", () => SubmitJobInput, { description: "The job." }) input: SubmitJobInput,
  ): Promise<JobEstimateType> {
    const estimate = await this.#options.estimates.estimate(tenantPrincipalOf(context), toRequest(input));
    const { items, inputs, isExact, amountMicros, seconds } = estimate;
    return { items, inputs, isExact, amount: amountMicros ?? null, seconds: seconds ?? null };
  }

  @Authorized("jobs:write")
  @Mutation(() => JobType, {
    description: "Submits inputs to be answered later. Each is metered as one when it is answered, and only then.",
  })
  async submitJob(
    @Ctx() context: RequestContext,
    @Arg("input", () => SubmitJobInput, { description: "The job." }) input: SubmitJobInput,
  ): Promise<JobType> {
    return this.#shown(await this.#options.service.submit(requesterOf(context), toRequest(input)));
  }

  @Authorized("jobs:write")
  @Mutation(() => JobType, { description: "Stops a job. What has ended stays charged and can be downloaded." })
  async cancelJob(
    @Ctx() context: RequestContext,
    @Arg("input", () => CancelJobInput, { description: "The job to cancel." }) input: CancelJobInput,
  ): Promise<JobType> {
    return this.#shown(await this.#options.service.cancel(requesterOf(context), input.id));
  }

  @Authorized("jobs:write")
  @Mutation(() => JobType, { description: "Goes on with a paused job now, under the credential that asks." })
  async resumeJob(
    @Ctx() context: RequestContext,
    @Arg("input", () => ResumeJobInput, { description: "The job to go on with." }) input: ResumeJobInput,
  ): Promise<JobType> {
    return this.#shown(await this.#options.service.resume(requesterOf(context), input.id));
  }

  @Authorized("jobs:write")
  @Mutation(() => JobType, {
    description: "Tries the failed items of a job again, and only those, under the credential that asks.",
  })
  async retryJob(
    @Ctx() context: RequestContext,
    @Arg("input", () => RetryJobInput, { description: "The job whose failed items to try." }) input: RetryJobInput,
  ): Promise<JobType> {
    return this.#shown(await this.#options.service.retry(requesterOf(context), input.id));
  }

  async watch(context: RequestContext, id: string): Promise<AsyncIterable<Job>> {
    return await this.#options.watches.watch(tenantPrincipalOf(context).tenantId, id);
  }

  @Authorized("jobs:read")
  @Subscription(() => JobType, {
    description:
      "A job as it stands now, and then whenever that changes, a few times a second at the most; until it has ended.",
    subscribe: subscribeOn(
      () => JobsResolver,
      (resolver, { context, args }: { context: RequestContext; args: { id: string } }) =>
        resolver.watch(context, args.id),
    ),
  })
  jobProgress(
    @Root() job: Job,
    @Arg("id", () => ID, { description: "The id of the job, `job_…`." }) _id: string,
  ): JobType {
    return this.#shown(job);
  }

  /** A job as callers are shown it; undefined for none. */
  shown(job: Job | undefined): JobType | undefined {
    return job === undefined ? undefined : this.#shown(job);
  }

  #shown(job: Job): JobType {
    const { catalogue } = this.#options;
    const found = catalogue.versionById(job.modelVersionId);
    return toJobType(job, {
      now: new Date(),
      model: found === undefined ? null : toModelType(catalogue, found.model),
      version: found === undefined ? null : toVersionType(catalogue, found.version),
    });
  }
}

function requesterOf(context: RequestContext): JobRequester {
  return { principal: tenantPrincipalOf(context), requestId: context.requestId };
}

function toRequest(input: SubmitJobInput): JobRequest {
  const { source } = input;
  return {
    model: input.model,
    alias: input.alias ?? undefined,
    version: input.version ?? undefined,
    topK: input.topK ?? 1,
    priority: input.priority ?? 0,
    explanation: explanationOf(input.explain),
    webhookEndpointId: input.webhook ?? undefined,
    inputs: source.inputs ?? undefined,
    datasetId: source.datasetId ?? undefined,
    columns: columnsOf(source.columns),
  };
}

function explanationOf(input: JobExplainInput | null | undefined): JobExplanation | undefined {
  if (input === null || input === undefined) return undefined;
  const { method, samples, seed, target, token, baseline } = toExplainRequest(input);
  return { method, samples, seed, target, token, baseline, heatMap: input.heatMap ?? false };
}

function columnsOf(columns: DatasetColumnsInput | null | undefined): JobRequest["columns"] {
  const { text, image, tensor, id } = columns ?? {};
  return { text: text ?? undefined, image: image ?? undefined, tensor: tensor ?? undefined, id: id ?? undefined };
}
