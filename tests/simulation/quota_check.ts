import { linkKey, manifestKey, repositoryKey, usageKey } from "../../registry/stored.ts";
import type { StoredRegistry } from "../../registry/mod.ts";
import type { Table } from "../../storage/mod.ts";
import { must } from "./violation.ts";
import { BLOBS, MANIFESTS, REPOSITORIES } from "./world.ts";

/** The repository that has a quota in some runs. */
export const [LIMITED] = REPOSITORIES;

/** Bytes of the blobs and manifests that the repository has. */
async function bytesOf(table: Table): Promise<number> {
  const keys = [
    ...BLOBS.map(({ digest, bytes }) => ({ key: linkKey(digest, LIMITED), size: bytes.length })),
    ...MANIFESTS.map(({ digest, bytes }) => ({ key: manifestKey(LIMITED, digest), size: bytes.length })),
  ];
  const items = await table.getMany(keys.map(({ key }) => key), { consistent: true });
  return keys.reduce((sum, { size }, index) => items[index] === undefined ? sum : sum + size, 0);
}

/** No process stores more than the quota: so many processes store at most so many times the quota. */
export async function checkQuota(table: Table, quota: number, processes: number): Promise<void> {
  const bytes = await bytesOf(table);
  const most = quota * processes;
  must(
    bytes <= most,
    `${LIMITED} has ${bytes} bytes, with a quota of ${quota} in each of ${processes} processes`,
  );
}

/** After a recount the count is what the repository has, whatever died before it was counted. */
export async function checkCount(table: Table, stored: Pick<StoredRegistry, "recount">): Promise<void> {
  await stored.recount();
  // A push that died before it made the repository known leaves a manifest that no list and no count has.
  if (await table.get(repositoryKey(LIMITED), { consistent: true }) === undefined) return;
  const item = await table.get(usageKey(LIMITED), { consistent: true });
  const counted = item?.attributes.bytes ?? 0;
  const bytes = await bytesOf(table);
  must(counted === bytes, `${LIMITED} has ${bytes} bytes, and ${String(counted)} are counted`);
}
