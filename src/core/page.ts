import { TollgateError } from "./errors.ts";

/** A request for the part of a list that follows a cursor. */
export interface PageRequest {
  first: number;
  after?: string | undefined;
}

export interface Page<T> {
  nodes: T[];
  hasNextPage: boolean;
}

export const maxPageSize = 100;

/** Refuses a page size out of 1 to 100. */
export function checkPage(page: PageRequest): PageRequest {
  if (Number.isInteger(page.first) && page.first >= 1 && page.first <= maxPageSize) return page;
  throw new TollgateError("INVALID_INPUT", `first is ${page.first}; it must be from 1 to ${maxPageSize}.`);
}

/** Makes a page of rows that were read with one more than was asked for, which tells whether there is a next page. */
export function pageOf<T>(rowsAndOne: T[], page: PageRequest): Page<T> {
  return { nodes: rowsAndOne.slice(0, page.first), hasNextPage: rowsAndOne.length > page.first };
}

/** A cursor is opaque to callers: the id of the row that it points at, encoded. */
export function cursorOf(id: string): string {
  return Buffer.from(`after:${id}`).toString("base64url");
}

/** The id in a cursor. Throws INVALID_INPUT for anything that this server did not hand out. */
export function idOfCursor(cursor: string): string {
  const id = /^after:([a-z]{3}_[0-9a-z]{26})$/.exec(Buffer.from(cursor, "base64url").toString("utf8"))?.[1];
  if (id !== undefined) return id;
  throw new TollgateError(
    "INVALID_INPUT",
    "after is not a cursor of this list. Pass the endCursor of an earlier page.",
  );
}
