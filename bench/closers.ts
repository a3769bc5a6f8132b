/** Undoes something that was started or made. */
export type Closer = () => Promise<unknown>;

/** Undoes everything, what came last first, however much of it fails. */
export async function closeAll(closers: Closer[]): Promise<void> {
  for (let close = closers.pop(); close !== undefined; close = closers.pop()) {
    await close().catch((error: unknown) => process.stderr.write(`while ending: ${String(error)}\n`));
  }
}
