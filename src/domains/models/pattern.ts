/**
 * Why a pattern of a manifest may not be run, or undefined where it may. Manifests come from outside, and a regular
 * expression that backtracks can hold the gateway's only thread for hours with a text of a few hundred characters.
 *
 * Allowed is what cannot backtrack over more than a few characters: what follows a repetition without end can always
 * match nothing, so it never fails, and a match is never taken back. Before it everything is of a bounded length, with
 * few ways to match. Time is then linear in the text, whatever the text. Look-around, references, anchors and lazy
 * repetitions are refused: none of them is needed to tell words apart.
 *
 * A matcher of our own (an automaton) would take every pattern, and was rejected: it is many times slower than the
 * engine's own on the texts that are classified all day.
 */
export function patternProblem(pattern: string): string | undefined {
  if (pattern.length > maxPatternLength) return `is longer than ${maxPatternLength} characters`;
  try {
    new RegExp(pattern, "u");
  } catch {
    return "is not a regular expression";
  }
  try {
    const reader = new PatternReader(pattern);
    const whole = reader.alternatives(0);
    return whole.isNullable ? "can match nothing at all" : undefined;
  } catch (error) {
    if (error instanceof PatternRefused) return error.message;
    throw error;
  }
}

const maxPatternLength = 1_000;
/** A repetition up to more than this counts as one without end. */
const maxRepeats = 32;
/** In how many ways a part may match before it can fail, and how many characters it may read until then. */
const maxWays = 256;
const maxLength = 256;
const maxNesting = 8;

class PatternRefused extends Error {}

/** What is known of a part of a pattern. */
interface Part {
  /** Whether it can match without reading anything. */
  isNullable: boolean;
  /** Whether it can read without end. */
  isEndless: boolean;
  /** In how many ways it can match at one place before it fails, at most. */
  ways: number;
  /** How many characters it can read before it fails, at most. */
  length: number;
}

const one: Part = { isNullable: false, isEndless: false, ways: 1, length: 1 };

/** Reads a pattern that is known to be a valid one, with the flag u. */
class PatternReader {
  readonly #pattern: string;
  #at = 0;

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  alternatives(depth: number): Part {
    if (depth > maxNesting) throw new PatternRefused(`nests groups more than ${maxNesting} deep`);
    let all = this.#sequence(depth);
    while (this.#skip("|")) {
      const next = this.#sequence(depth);
      all = {
        isNullable: all.isNullable || next.isNullable,
        isEndless: all.isEndless || next.isEndless,
        ways: all.ways + next.ways,
        length: Math.max(all.length, next.length),
      };
    }
    return bounded(all);
  }

  #sequence(depth: number): Part {
    let whole: Part = { isNullable: true, isEndless: false, ways: 1, length: 0 };
    while (this.#at < this.#pattern.length && !this.#sees("|") && !this.#sees(")")) {
      whole = followed(whole, this.#repeated(this.#atom(depth)));
    }
    return whole;
  }

  #atom(depth: number): Part {
    const first = this.#take();
    if (first === "(") return this.#group(depth);
    if (first === "[") return this.#characterClass();
    if (first === "\\") return this.#escape();
    if (first === "^" || first === "$") throw new PatternRefused("has an anchor");
    return one;
  }

  #group(depth: number): Part {
    if (this.#skip("?") && !this.#skip(":")) throw new PatternRefused("looks around or names a group; use (?:…)");
    const inner = this.alternatives(depth + 1);
    this.#take();
    return inner;
  }

  #characterClass(): Part {
    for (let next = this.#take(); next !== "]"; next = this.#take()) if (next === "\\") this.#take();
    return one;
  }

  #escape(): Part {
    const escaped = this.#take();
    if (/[bBk1-9]/.test(escaped)) throw new PatternRefused(`has \\${escaped}, which is not allowed`);
    if ((escaped === "u" || escaped === "p" || escaped === "P") && this.#sees("{")) {
      while (this.#take() !== "}");
    } else if (escaped === "u") this.#at += 4;
    else if (escaped === "x") this.#at += 2;
    else if (escaped === "c") this.#at += 1;
    return one;
  }

  #repeated(part: Part): Part {
    const [least, most] = this.#quantifier() ?? [1, 1];
    if (this.#sees("?")) throw new PatternRefused("has a lazy repetition");
    const isEndless = most > maxRepeats;
    if (isEndless && part.isNullable) throw new PatternRefused("repeats without end what can match nothing");
    // Each round that ends can be taken back where a later one has to come: only rounds of one way are harmless.
    if (most > 1 && part.isEndless && least > 1) throw new PatternRefused("repeats a repetition without end");
    return {
      isNullable: part.isNullable || least === 0,
      isEndless: isEndless || part.isEndless,
      ways: isEndless ? part.ways ** Math.max(1, least) : waysOf(part.ways, least, most),
      length: part.length * (isEndless ? Math.max(1, least) : most),
    };
  }

  #quantifier(): [number, number] | undefined {
    if (this.#skip("?")) return [0, 1];
    if (this.#skip("*")) return [0, Number.POSITIVE_INFINITY];
    if (this.#skip("+")) return [1, Number.POSITIVE_INFINITY];
    if (!this.#skip("{")) return undefined;
    let written = "";
    for (let next = this.#take(); next !== "}"; next = this.#take()) written += next;
    const [least = "0", most] = written.split(",");
    if (most === undefined) return [Number(least), Number(least)];
    return [Number(least), most === "" ? Number.POSITIVE_INFINITY : Number(most)];
  }

  #take(): string {
    const next = this.#pattern[this.#at++];
    if (next === undefined) throw new PatternRefused("ends in the middle");
    return next;
  }

  #sees(character: string): boolean {
    return this.#pattern[this.#at] === character;
  }

  #skip(character: string): boolean {
    if (!this.#sees(character)) return false;
    this.#at++;
    return true;
  }
}

function followed(before: Part, part: Part): Part {
  // Once something endless is read nothing fails any more, so no other way is ever tried.
  if (before.isEndless) {
    if (part.isNullable) return { ...before, length: Math.max(before.length, part.length) };
    throw new PatternRefused("goes on after a repetition without end with something that must match");
  }
  return bounded({
    isNullable: before.isNullable && part.isNullable,
    isEndless: part.isEndless,
    ways: before.ways * part.ways,
    length: before.length + part.length,
  });
}

/** Of a part that is read `least` to `most` times. */
function waysOf(ways: number, least: number, most: number): number {
  let all = 0;
  for (let times = least; times <= most; times++) all += ways ** times;
  return all;
}

function bounded(part: Part): Part {
  if (part.ways > maxWays) throw new PatternRefused(`could match in more than ${maxWays} ways before it fails`);
  if (part.length > maxLength) throw new PatternRefused(`could read more than ${maxLength} characters before it fails`);
  return part;
}
