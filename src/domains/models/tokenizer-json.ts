import { z } from "zod";

/**
 * What a bundled `tokenizer.json` may be made of. Left out are the parts that run a regular expression of the file's
 * own (`Split`, `Replace`): those of bundled files need look-around, so that they cannot be known to end in time.
 */
const normalizer = z.looseObject({
  type: z.enum(["BertNormalizer", "Lowercase", "NFC", "NFD", "NFKC", "NFKD", "StripAccents"]),
});
const preTokenizer = z.looseObject({
  type: z.enum([
    "BertPreTokenizer",
    "ByteLevel",
    "Digits",
    "Metaspace",
    "Punctuation",
    "Whitespace",
    "WhitespaceSplit",
  ]),
});
const postProcessor = z.looseObject({
  type: z.enum(["BertProcessing", "ByteLevel", "RobertaProcessing", "TemplateProcessing"]),
});
const model = z.looseObject({
  type: z.enum(["BPE", "Unigram", "WordPiece"]),
  unk_token: z.string().nullish(),
  unk_id: z.number().int().nonnegative().nullish(),
  continuing_subword_prefix: z.string().nullish(),
});
const addedToken = z.looseObject({ id: z.number().int().nonnegative(), content: z.string().min(1) });

const sequence = <Key extends string, Part extends z.ZodType>(key: Key, part: Part) =>
  z.looseObject({ type: z.literal("Sequence"), [key]: z.array(part).max(16) });

export const tokenizerJson = z.looseObject({
  added_tokens: z.array(addedToken).default([]),
  normalizer: z
    .union([normalizer, sequence("normalizers", normalizer)])
    .nullable()
    .default(null),
  pre_tokenizer: z
    .union([preTokenizer, sequence("pretokenizers", preTokenizer)])
    .nullable()
    .default(null),
  post_processor: z
    .union([postProcessor, sequence("processors", postProcessor)])
    .nullable()
    .default(null),
  model,
});
