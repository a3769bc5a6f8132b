/** A .cpuprofile as Node writes it. */
export interface CpuProfile {
  nodes: { id: number; callFrame: CallFrame }[];
  /** In microseconds, on the machine's monotonic clock. */
  startTime: number;
  /** The id of the node that was running, for each sample. */
  samples: number[];
  /** The time of each sample after the one before it. */
  timeDeltas: number[];
}

export interface CallFrame {
  functionName: string;
  url: string;
  /** From 0. */
  lineNumber: number;
  /** From 0. */
  columnNumber: number;
}

export interface SelfTime {
  frame: CallFrame;
  /** In microseconds. */
  time: number;
}

/** How long each function itself was running between two moments. Throws where the profile has nothing of them. */
export function selfTimes(profile: CpuProfile, { from, to }: { from: number; to: number }): SelfTime[] {
  const frames = new Map(profile.nodes.map((node) => [node.id, node.callFrame]));
  const times = new Map<string, SelfTime>();
  let at = profile.startTime;
  for (const [i, id] of profile.samples.entries()) {
    const delta = profile.timeDeltas[i + 1] ?? 0;
    at += profile.timeDeltas[i] ?? 0;
    const frame = frames.get(id);
    if (frame === undefined || at < from || at >= to) continue;
    const key = `${frame.functionName} ${frame.url} ${frame.lineNumber} ${frame.columnNumber}`;
    const known = times.get(key);
    if (known === undefined) times.set(key, { frame, time: delta });
    else known.time += delta;
  }
  if (times.size === 0) throw new Error("the profile has no sample from the time of the load");
  return [...times.values()].sort((a, b) => b.time - a.time);
}
