/** What of a job is shown while it runs. */
export interface WatchedJob {
  state: string;
  counts: { total: number | null; read: number; succeeded: number; failed: number };
  itemsPerSecond: number;
  secondsLeft: number | null;
  pause: { message: string } | null;
}

const barWidth = 28;

/** One line, at most as wide as the terminal. */
export function progressLine(job: WatchedJob, columns: number): string {
  const { total, succeeded, failed } = job.counts;
  const part = total === null || total === 0 ? 0 : (succeeded + failed) / total;
  const line = `${barOf(part)}  ${[...extentOf(job, part), ...paceOf(job)].join(" · ")}`;
  return line.length > columns ? `${line.slice(0, Math.max(0, columns - 1))}…` : line;
}

function extentOf({ counts }: WatchedJob, part: number): string[] {
  const { total, read, succeeded, failed } = counts;
  const ended = succeeded + failed;
  const facts =
    total === null
      ? [`reading, ${shown(read)} items so far`, `${shown(ended)} ended`]
      : [`${Math.floor(part * 100)} %`, `${shown(ended)} of ${shown(total)}`];
  return failed > 0 ? [...facts, `${shown(failed)} failed`] : facts;
}

function paceOf({ state, itemsPerSecond, secondsLeft }: WatchedJob): string[] {
  if (state === "PAUSED_BY_LIMIT") return ["paused"];
  const rate = itemsPerSecond >= 1 ? [`${shown(Math.round(itemsPerSecond))}/s`] : [];
  return secondsLeft === null || secondsLeft === 0 ? rate : [...rate, `${timeOf(secondsLeft)} left`];
}

export function barOf(part: number): string {
  const filled = Math.round(barWidth * Math.min(1, Math.max(0, part)));
  return `${"━".repeat(filled)}${"─".repeat(barWidth - filled)}`;
}

export function timeOf(seconds: number): string {
  if (seconds < 100) return `${Math.ceil(seconds)} s`;
  if (seconds < 5_400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3_600).toFixed(1)} h`;
}

export function shown(value: number): string {
  return value.toLocaleString("en");
}

export function bytesOf(bytes: number): string {
  if (bytes < 1_000_000) return `${Math.ceil(bytes / 1_000)} kB`;
  return `${(bytes / 1_000_000).toFixed(bytes < 10_000_000 ? 1 : 0)} MB`;
}

/** Micro-units as money: two digits at the least, and no more than say something. */
export function moneyOf(micros: string): string {
  const digits = micros.padStart(7, "0");
  const fraction = digits.slice(-6).replace(/0{1,4}$/, "");
  return `${digits.slice(0, -6)}.${fraction.padEnd(2, "0")}`;
}
