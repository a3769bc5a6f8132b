import { GraphQLDateTime } from "graphql-scalars";
import { Field, Float, ID, InputType, ObjectType } from "type-graphql";
import { enumOf } from "../../platform/graphql/enum.types.ts";
import { NodeType } from "../../platform/graphql/node.types.ts";
import { type DatasetFormat, datasetFormats } from "./dataset.ts";

const DatasetFormatType = enumOf("DatasetFormat", "What a dataset is a file of.", datasetFormats);

@InputType("CreateDatasetInput", { description: "The dataset to make." })
export class CreateDatasetInput {
  @Field(() => DatasetFormatType, { description: "What it will be a file of." })
  format: DatasetFormat;
}

@InputType("DeleteDatasetInput", { description: "The dataset to delete." })
export class DeleteDatasetInput {
  @Field(() => ID, { description: "The id of the dataset." })
  id: string;
}

@ObjectType("Dataset", {
  implements: NodeType,
  description: "A file of inputs, the source of jobs.",
  simpleResolvers: true,
})
export class DatasetType extends NodeType {
  @Field(() => DatasetFormatType, { description: "What it is a file of." })
  format: string;

  @Field(() => Boolean, { description: "Whether it is uploaded to its end, so that jobs can read it." })
  isReady: boolean;

  @Field(() => Float, { description: "The bytes that have arrived." })
  sizeBytes: number;

  @Field(() => String, { description: "Where to upload it: PUT this path, with the same credential." })
  uploadPath: string;

  @Field(() => GraphQLDateTime, { description: "When it was made." })
  createdAt: Date;

  @Field(() => GraphQLDateTime, { description: "When it is deleted." })
  expiresAt: Date;
}
