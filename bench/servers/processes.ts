import { readdir, readFile } from "node:fs/promises";

/** What a server takes of the machine. */
export interface Taking {
  /** CPU seconds of the process that answers, since it began. */
  ownCpuSeconds: number;
  /** The same with everything that works for it: runners, and the database. */
  allCpuSeconds: number;
}

export interface Memory {
  gatewayMb: number;
  /** The largest of the runners. */
  runnerMb: number;
}

/** @param roots the server's processes; the first is the one that answers. Undefined where the system has no /proc. */
export async function takingOf(roots: number[]): Promise<Taking | undefined> {
  const processes = await processTree(roots);
  const own = processes.find(({ pid }) => pid === roots[0]);
  if (own === undefined) return undefined;
  const allCpuSeconds = processes.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0);
  return { ownCpuSeconds: own.cpuSeconds, allCpuSeconds };
}

/** What the gateway and its runners hold in memory now. Undefined where the system has no /proc. */
export async function memoryOf(gatewayPid: number): Promise<Memory | undefined> {
  const processes = await processTree([gatewayPid]);
  if (processes.length === 0) return undefined;
  const commands = await Promise.all(processes.map(({ pid }) => read(`/proc/${pid}/cmdline`)));
  const runners = processes.filter((_, i) => commands[i]?.includes("runner-main"));
  const runnerMb = Math.max(0, ...(await Promise.all(runners.map(({ pid }) => residentMb(pid)))));
  return { gatewayMb: await residentMb(gatewayPid), runnerMb };
}

interface Process {
  pid: number;
  parent: number;
  cpuSeconds: number;
}

/** The processes and all their descendants. */
async function processTree(roots: number[]): Promise<Process[]> {
  const pids = (await readdir("/proc").catch(() => [])).map(Number).filter(Number.isInteger);
  const all = await Promise.all(pids.map(readProcess));
  const tree = new Map<number, Process>();
  // Children have been seen after as many rounds as the tree is deep.
  for (let size = -1; size < tree.size; ) {
    size = tree.size;
    for (const one of all) if (roots.includes(one.pid) || tree.has(one.parent)) tree.set(one.pid, one);
  }
  return [...tree.values()];
}

const ticksPerSecond = 100;

// pid (name) state parent …, where the 14th and 15th are the ticks spent in the program and in the kernel.
async function readProcess(pid: number): Promise<Process> {
  const stat = await read(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const cpuSeconds = (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / ticksPerSecond;
  return { pid, parent: Number(fields[1]), cpuSeconds };
}

async function residentMb(pid: number): Promise<number> {
  const kilobytes = /\nVmRSS:\s+(\d+) kB/.exec(await read(`/proc/${pid}/status`))?.[1];
  return Number(kilobytes ?? 0) / 1024;
}

// Processes come and go while they are listed.
async function read(file: string): Promise<string> {
  return await readFile(file, "utf8").catch(() => "");
}
