import { Arg, Authorized, Ctx, ID, Mutation, Query, Resolver } from "type-graphql";
import { newId } from "../../core/ids.ts";
import { type RequestContext, tenantPrincipalOf } from "../../core/request-context.ts";
import type { Dataset } from "./dataset.ts";
import type { DatasetsService } from "./datasets.service.ts";
import { CreateDatasetInput, DatasetType, DeleteDatasetInput } from "./datasets.types.ts";

@Resolver(() => DatasetType)
export class DatasetsResolver {
  readonly #service: DatasetsService;

  constructor(service: DatasetsService) {
    this.#service = service;
  }

  @Authorized("jobs:read")
  @Query(() => DatasetType, { description: "A dataset of the principal's tenant." })
  async dataset(
    @Ctx() context: RequestContext,
    @Arg("id", () => ID, { description: "The id of the dataset, `dts_…`." }) id: string,
  ): Promise<DatasetType> {
    return toDatasetType(await this.#service.find(tenantPrincipalOf(context), id));
  }

  @Authorized("jobs:write")
  @Mutation(() => DatasetType, { description: "Makes an empty dataset, to be uploaded to its uploadPath." })
  async createDataset(
    @Ctx() context: RequestContext,
    @Arg("input", () => CreateDatasetInput, { description: "The dataset to make." }) input: CreateDatasetInput,
  ): Promise<DatasetType> {
    const wanted = { id: newId("dataset"), format: input.format, lengthBytes: undefined };
    return toDatasetType(await this.#service.create(tenantPrincipalOf(context), wanted));
  }

  @Authorized("jobs:write")
  @Mutation(() => ID, { description: "Deletes a dataset that no job is reading. Jobs that have read it go on." })
  async deleteDataset(
    @Ctx() context: RequestContext,
    @Arg("input", () => DeleteDatasetInput, { description: "The dataset to delete." }) input: DeleteDatasetInput,
  ): Promise<string> {
    await this.#service.delete(tenantPrincipalOf(context), input.id);
    return input.id;
  }
}

export function toDatasetType(dataset: Dataset): DatasetType {
  const { id, format, sizeBytes, createdAt, expiresAt } = dataset;
  const isReady = dataset.state === "READY";
  return { id, format, isReady, sizeBytes, uploadPath: `/datasets/${id}`, createdAt, expiresAt };
}
