import type { RepositoryName } from "../../oci/mod.ts";
import { ifUnchanged, indexPages, repeatOnConflict, RETRY, type Table } from "../../storage/ports.ts";
import { stored, USAGE, type UsageAttributes, usageItem, usageKey } from "../items/mod.ts";

/** Items of one query. */
const PAGE_ITEMS = 100;

/** Attempts to update a count that other processes write at the same time. The next recount corrects a lost update. */
const MAX_ATTEMPTS = 8;

/** Dependencies of {@linkcode addUsage}. Times are in milliseconds. */
interface Counting {
  table: Table;
  /** The present, since the epoch. */
  now: () => number;
  sleep: (milliseconds: number) => Promise<void>;
}

/**
 * Adds to the counted bytes of a repository. A crash, or a conflict in every attempt, leaves the count wrong until the
 * next recount; only quotas use it.
 */
export async function addUsage(
  { table, now, sleep }: Counting,
  repository: RepositoryName,
  bytes: number,
): Promise<void> {
  if (bytes === 0) return;
  await repeatOnConflict(
    async () => {
      const known = stored<UsageAttributes>(await table.get(usageKey(repository), { consistent: true }));
      const total = Math.max(0, (known?.attributes.bytes ?? 0) + bytes);
      const item = usageItem(repository, { bytes: total, at: now() });
      if (await table.put(item, ifUnchanged(known)) === undefined) return RETRY;
    },
    () => {},
    { attempts: MAX_ATTEMPTS, sleep },
  );
}

/** Deletes the counted size of a deleted repository. */
export async function forgetUsage({ table }: { table: Table }, repository: RepositoryName): Promise<void> {
  const known = await table.get(usageKey(repository), { consistent: true });
  if (known !== undefined) await table.delete(usageKey(repository), { ifVersion: known.version });
}

/** Bytes that the repositories have for which `covers` says so, as counted. Their names begin with `prefix`. */
export async function sumUsage(
  { table }: { table: Table },
  prefix: string,
  covers: (repository: RepositoryName) => boolean,
): Promise<number> {
  let sum = 0;
  for await (const items of indexPages(table, USAGE, { prefix, limit: PAGE_ITEMS })) {
    for (const item of items) {
      if (covers(item.index!.sk as RepositoryName)) sum += stored<UsageAttributes>(item)!.attributes.bytes;
    }
  }
  return sum;
}
