import { registerEnumType } from "type-graphql";

/** An enum of the keys of a table that says what each of them means. */
export function enumOf<K extends string>(name: string, description: string, meanings: Readonly<Record<K, string>>) {
  const keys = Object.keys(meanings) as K[];
  const values = Object.fromEntries(keys.map((key) => [key, key]));
  const valuesConfig = Object.fromEntries(keys.map((key) => [key, { description: meanings[key] }]));
  registerEnumType(values, { name, description, valuesConfig });
  return values;
}
