import { observer } from "../../telemetry/observer.ts";
import { type Digest, RegistryError, type RepositoryName } from "../../oci/mod.ts";
import type { Key, Table } from "../../storage/ports.ts";
import { type Holdable, QuotaHolds } from "./quota_holds.ts";
import { linkKey, manifestKey, randomId } from "../items/mod.ts";
import { addUsage, sumUsage } from "./usage.ts";

/** Maximum bytes of blobs and manifests in all repositories of a pattern together. */
export interface QuotaRule {
  /** A glob pattern of names. */
  repositories: string;
  /** Bytes. */
  bytes: number;
}

/** Time to live of a sum, in milliseconds. */
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
 * Storage quotas. Each repository has an item with its counted bytes. It changes when blobs and manifests are added or
 * removed, and each full pass recounts it. The sum of a pattern is read from time to time and otherwise updated here,
 * and running pushes of this process reserve their bytes. So a single process never exceeds a quota; several processes
 * may exceed it by what the others have stored in the last seconds.
 */
export class Quotas {
  readonly #rules: QuotaRule[];
  readonly #now: () => number;
  readonly #holds: QuotaHolds;
  #compiling: Promise<Quota[]> | undefined;
  #compiled: Quota[] | undefined;

  /** Applies all of these rules. */
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
   * Checks that `bytes` more could be stored.
   *
   * @throws {RegistryError} `DENIED` if a quota would be exceeded.
   */
  async assertRoom(
    stores: { table: Table },
    repository: RepositoryName,
    bytes: number,
  ): Promise<void> {
    for (const quota of await this.#refreshed(stores, repository)) assertFits(quota, bytes);
  }

  /**
   * Reserves `bytes` in all for the push, until {@linkcode keep}. Answers a promise only if it must read, because it is
   * called for every chunk of a body.
   *
   * @throws {RegistryError} `DENIED` if a quota would be exceeded.
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

  /** Reduces the reservation of a push to `bytes`; 0 after its end. */
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

  /** Quotas of a repository, after outdated sums were read again. */
  async #refreshed(stores: { table: Table }, repository: RepositoryName): Promise<Quota[]> {
    const quotas = await this.#covering(repository);
    for (const quota of quotas) {
      if (this.#isFresh(quota)) continue;
      await (quota.reading ??= this.#read(stores, quota).finally(() => quota.reading = undefined));
    }
    return quotas;
  }

  /** Adds `bytes` that were stored, and releases the push's reservation; negative for removed bytes. */
  async add(
    work: Pick<Counted, "table" | "now" | "sleep">,
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
  observer?.refused("quota");
  throw new RegistryError("DENIED", `Cannot store more: the quota of ${most} bytes is full`, {
    detail: { quota: most },
  });
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
  /** Table that stores the usage. */
  table: Table;
  /** The present in milliseconds since the epoch. */
  now: () => number;
  /** Resolves after this time in milliseconds. */
  sleep: (milliseconds: number) => Promise<void>;
  /** Absent without quotas. */
  quotas?: Quotas;
}

/** Reserves the bytes of a blob; throws if a quota would be exceeded, unless the repository has the blob already. */
export function holdBlob(
  context: Counted,
  repository: RepositoryName,
  digest: Digest,
  bytes: HeldBytes,
): Promise<void> {
  return holdUnlessThere(context, repository, linkKey(digest, repository), bytes);
}

/** Reserves the bytes of a manifest, like {@linkcode holdBlob}. */
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
  /** Id of the upload, or one that {@linkcode holdingRoom} made. */
  id: string;
  /** Bytes that are reserved. */
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

/** Runs the step that gives the repository a blob, and counts a new blob. Then releases the reservation. */
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
 * Runs a push without an upload, with an id for its reservation.
 *
 * @throws {RegistryError} `DENIED` if a quota would be exceeded.
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
