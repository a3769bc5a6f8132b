const place = "tollgate-uploads";
const most = 20;

/** The same file of the same person's is told by these: a page that was reloaded knows it again when it is dropped again. */
export function uploadKey(tenantId: string | null, { name, size, lastModified }: File): string {
  return [tenantId ?? "", name, size, lastModified].join("|");
}

/** Which dataset a file was being uploaded to, in this tab. */
export function rememberedDataset(key: string): string | undefined {
  return read().find(([known]) => known === key)?.[1];
}

export function rememberDataset(key: string, datasetId: string | undefined): void {
  const others = read().filter(([known]) => known !== key);
  const all = datasetId === undefined ? others : [...others, [key, datasetId]];
  sessionStorage.setItem(place, JSON.stringify(all.slice(-most)));
}

function read(): [string, string][] {
  return JSON.parse(sessionStorage.getItem(place) ?? "[]");
}
