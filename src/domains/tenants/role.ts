import { isRole, type Role } from "../../core/permission.ts";

/** A role as a table has it; the table's check keeps every other word out. */
export function roleOf(text: string): Role {
  if (isRole(text)) return text;
  throw new Error(`A member has the unknown role ${text}.`);
}
