import { type Digest, RegistryError, type RepositoryName } from "../../oci/mod.ts";
import type { Key, Table } from "../../storage/ports.ts";
import { type Holdable, QuotaHolds } from "./quota_holds.ts";
import { linkKey, manifestKey, randomId } from "../items/mod.ts";
import { addUsage, sumUsage } from "./usage.ts";

/** Most bytes of blobs and manifests in the repositories of a pattern, in all of them together. */
export interface QuotaRule {
  /** A glob pattern of names. */
  repositories: string;
  /** Bytes. */
  bytes: number;
}

/** For so long after it was read, in milliseconds, a sum is believed. */
const SUM_TTL_MS = 10_000;

/** A rule with its pattern ready to be matched, and how much of it is used. */
interface Quota extends QuotaRule, Holdable {
  covers: (repository: RepositoryName) => boolean;
  /** Literal prefix of all names that the pattern matches. */
  prefix: string;
  used: number;
  readAt: number;
  reading?: Promise<void> | undefined;
}

/**
 * How much may be stored where. What a repository has is counted in an item of its own when blobs and manifests come and
 * go, and counted anew after each collection. The sum of a pattern is read now and then and otherwise added to here, and
 * pushes that are under way in this process hold their bytes. So one process alone stays within a quota, and of several
 * each stays within it with what it has seen of the others, which is seconds old.
 */
export class Quotas {
  readonly #rules: QuotaRule[];
  readonly #now: () => number;
  readonly #holds: QuotaHolds;
  #compiling: Promise<Quota[]> | undefined;
  #compiled: Quota[] | undefined;

  /** Of these rules, every one of which must hold. */
  constructor(rules: QuotaRule[], now: () => number) {
    this.#rules = rules;
    this.#now = now;
    this.#holds = new QuotaHolds(now);
  }

  /** True if a quota applies to the repository. */
  async covers(repository: RepositoryName): Promise<boolean> {
    return (await this.#covering(repository)).length > 0;
  }

  /**
   * Looks whether so many bytes could be stored.
   *
   * @throws {RegistryError} `DENIED` where there is no room for them.
   */
  async assertRoom(
    stores: { table: Table },
    repository: RepositoryName,
    bytes: number,
  ): Promise<void> {
    for (const quota of await this.#refreshed(stores, repository)) assertFits(quota, bytes);
  }

  /**
   * The push has so many bytes in all, or is about to. They count until {@linkcode keep}. A promise only where something
   * has to be read, so that it can be asked for every chunk of a body.
   *
   * @throws {RegistryError} `DENIED` where there is no room for them.
   */
  hold(
    stores: { table: Table },
    repository: RepositoryName,
    id: string,
    bytes: number,
  ): Promise<void> | undefined {
    const quotas = this.#compiled?.filter(({ covers }) => covers(repository));
    if (quotas?.every((quota) => this.#isFresh(quota))) return this.#hold(quotas, id, bytes);
    // What was just read counts, although the clock may have gone on far while it was.
    return this.#refreshed(stores, repository).then((read) => this.#hold(read, id, bytes));
  }

  /** Of what a push held it keeps so many bytes: 0 once it is over. */
  keep(id: string, bytes: number): void {
    this.#holds.keep(id, bytes);
  }

  #hold(quotas: Quota[], id: string, bytes: number): undefined {
    const before = this.#holds.bytesOf(id);
    for (const quota of quotas) assertFits(quota, bytes - before);
    if (quotas.length > 0) this.#holds.set(id, quotas, bytes);
  }

  #isFresh({ readAt }: Quota): boolean {
    return readAt + SUM_TTL_MS > this.#now();
  }

  /** The quotas of a repository, after those that are old were read. */
  async #refreshed(stores: { table: Table }, repository: RepositoryName): Promise<Quota[]> {
    const quotas = await this.#covering(repository);
    for (const quota of quotas) {
      if (this.#isFresh(quota)) continue;
      await (quota.reading ??= this.#read(stores, quota).finally(() => quota.reading = undefined));
    }
    return quotas;
  }

  /** So many bytes have been stored, and are held no more by this push, or are stored no more. */
  async add(
    work: Pick<Counted, "table" | "now">,
    repository: RepositoryName,
    bytes: number,
    hold?: string,
  ): Promise<void> {
    const quotas = await this.#covering(repository);
    if (quotas.length === 0) return;
    if (hold !== undefined) this.keep(hold, 0);
    for (const quota of quotas) quota.used += bytes;
    await addUsage(work, repository, bytes);
  }

  async #read(stores: { table: Table }, quota: Quota): Promise<void> {
    await this.#holds.review(stores);
    quota.used = await sumUsage(stores, quota.prefix, quota.covers);
    quota.readAt = this.#now();
  }

  async #covering(repository: RepositoryName): Promise<Quota[]> {
    this.#compiled ??= await (this.#compiling ??= compile(this.#rules));
    return this.#compiled.filter(({ covers }) => covers(repository));
  }
}

function assertFits({ used, held, bytes: most }: Quota, bytes: number): void {
  if (used + held + bytes <= most) return;
  throw new RegistryError("DENIED", `Cannot store more: the quota of ${most} bytes is full`);
}

async function compile(rules: QuotaRule[]): Promise<Quota[]> {
  const { globMatcher: matcher } = await import("../../oci/glob.ts"); // few have quotas
  return rules.map((rule) => ({
    ...rule,
    covers: matcher([rule.repositories]),
    prefix: /^[a-z0-9._/-]*(?=$|[^a-z0-9._/-])/.exec(rule.repositories)?.[0] ?? "",
    used: 0,
    held: 0,
    readAt: -Infinity,
  }));
}

/** Dependencies of counting. */
export interface Counted {
  table: Table;
  /** The present in milliseconds since the epoch. */
  now: () => number;
  /** Absent where nothing is counted. */
  quotas?: Quotas;
}

/** Holds the bytes of a blob; throws where there is no room for it, unless the repository has it. */
export function holdBlob(
  context: Counted,
  repository: RepositoryName,
  digest: Digest,
  bytes: HeldBytes,
): Promise<void> {
  return holdUnlessThere(context, repository, linkKey(digest, repository), bytes);
}

/** The same of a manifest. */
export function holdManifest(
  context: Counted,
  repository: RepositoryName,
  digest: Digest,
  bytes: HeldBytes,
): Promise<void> {
  return holdUnlessThere(context, repository, manifestKey(repository, digest), bytes);
}

/** Bytes that a push holds. */
export interface HeldBytes {
  /** Of the upload, or one that {@linkcode holdingRoom} made. */
  id: string;
  size: number;
}

async function holdUnlessThere(
  context: Counted,
  repository: RepositoryName,
  key: Key,
  { id, size }: HeldBytes,
): Promise<void> {
  try {
    await context.quotas?.hold(context, repository, id, size);
  } catch (error) {
    const isThere = await context.table.get(key, { consistent: true }) !== undefined;
    if (!isThere || !(error instanceof RegistryError)) throw error;
  }
}

/** Runs what gives the repository a blob, and counts it if it was not there; then `hold` holds it no more. */
export async function countingBlob<T extends { size: number } | undefined>(
  work: Counted,
  repository: RepositoryName,
  digest: Digest,
  hold: string | undefined,
  add: () => Promise<T>,
): Promise<T> {
  const isCounted = await work.quotas?.covers(repository) ?? false;
  const known = isCounted && await work.table.get(linkKey(digest, repository), { consistent: true });
  const added = await add();
  if (isCounted && known === undefined && added !== undefined) {
    await work.quotas?.add(work, repository, added.size, hold);
  }
  return added;
}

/**
 * Runs a push whose bytes no upload holds, with the id that `hold` has held them by.
 *
 * @throws {RegistryError} `DENIED` where there is no room for them.
 */
export async function holdingRoom<T>(
  context: Counted,
  repository: RepositoryName,
  hold: (id: string) => Promise<void>,
  push: (id?: string) => Promise<T>,
): Promise<T> {
  if (!await context.quotas?.covers(repository)) return await push();
  const id = randomId();
  try {
    await hold(id);
    return await push(id);
  } finally {
    context.quotas?.keep(id, 0);
  }
}
