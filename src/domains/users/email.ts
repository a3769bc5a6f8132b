import { TollgateError } from "../../core/errors.ts";

const longest = 254;

// One @, something on both sides, a dot in the domain. Whether mail arrives there, only mail can tell. ASCII alone:
// lower-casing the rest differs between JavaScript and Postgres, and look-alike letters would make look-alike users.
const plausible = /^[!-?A-~]+@[a-z0-9-]+(\.[a-z0-9-]+)+$/;

/** An e-mail address as users are known by it: trimmed and in lower case. Throws INVALID_INPUT if it cannot be one. */
export function parseEmail(text: string): string {
  const email = text.trim().toLowerCase();
  if (email.length <= longest && plausible.test(email)) return email;
  throw new TollgateError(
    "INVALID_INPUT",
    `The email is not an address such as ann@example.com, of ASCII letters and at most ${longest} characters.`,
  );
}
