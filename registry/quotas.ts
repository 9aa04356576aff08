import type { Digest } from "../oci/digest.ts";
import { RegistryError } from "../oci/errors.ts";
import type { RepositoryName } from "../oci/name.ts";
import type { Context, Work } from "./context.ts";
import { linkKey } from "./items.ts";
import { addUsage, sumUsage } from "./usage.ts";

/** Most bytes of blobs and manifests in the repositories of a pattern, in all of them together. */
export interface QuotaRule {
  /** A glob pattern of names. */
  repositories: string;
  /** Bytes. */
  bytes: number;
}

/** For so long, in milliseconds, a sum is believed. */
const AGE = 10_000;

/** A rule with its pattern ready to be matched, and how much of it is used. */
interface Quota extends QuotaRule {
  covers: (repository: RepositoryName) => boolean;
  /** What every name begins with that the pattern matches. */
  prefix: string;
  used: number;
  readAt: number;
  reading?: Promise<void> | undefined;
}

/**
 * How much may be stored where. What a repository has is counted in an item of its own when blobs and manifests come and
 * go, and counted anew after each collection. The sum of a pattern is read now and then and otherwise added to here, so
 * what other processes have pushed in the last seconds, and all that is on its way, may go beyond a quota.
 */
export class Quotas {
  readonly #rules: QuotaRule[];
  readonly #now: () => number;
  #compiled: Promise<Quota[]> | undefined;

  /** Of these rules, every one of which must hold. */
  constructor(rules: QuotaRule[], now: () => number) {
    this.#rules = rules;
    this.#now = now;
  }

  /** Whether a rule is about the repository. */
  async covers(repository: RepositoryName): Promise<boolean> {
    return (await this.#covering(repository)).length > 0;
  }

  /**
   * So many bytes are about to be stored.
   *
   * @throws {RegistryError} `DENIED` where there is no room for them.
   */
  async assertRoom(
    context: Pick<Context, "table">,
    repository: RepositoryName,
    bytes: number,
  ): Promise<void> {
    for (const quota of await this.#covering(repository)) {
      if (quota.readAt + AGE <= this.#now()) {
        await (quota.reading ??= this.#read(context, quota).finally(() => quota.reading = undefined));
      }
      if (quota.used + bytes > quota.bytes) {
        throw new RegistryError("DENIED", `Cannot store more: the quota of ${quota.bytes} bytes is used up`);
      }
    }
  }

  /** So many bytes have been stored, or are stored no more. */
  async add(work: Pick<Work, "table" | "now">, repository: RepositoryName, bytes: number): Promise<void> {
    const quotas = await this.#covering(repository);
    if (quotas.length === 0) return;
    for (const quota of quotas) quota.used += bytes;
    await addUsage(work, repository, bytes);
  }

  async #read(context: Pick<Context, "table">, quota: Quota): Promise<void> {
    const readAt = this.#now();
    quota.used = await sumUsage(context, quota.prefix, quota.covers);
    quota.readAt = readAt;
  }

  async #covering(repository: RepositoryName): Promise<Quota[]> {
    return (await this.#quotas()).filter(({ covers }) => covers(repository));
  }

  #quotas(): Promise<Quota[]> {
    return this.#compiled ??= compile(this.#rules);
  }
}

async function compile(rules: QuotaRule[]): Promise<Quota[]> {
  const { globMatcher: matcher } = await import("../oci/glob.ts"); // few have quotas
  return rules.map((rule) => ({
    ...rule,
    covers: matcher([rule.repositories]),
    prefix: /^[a-z0-9._/-]*(?=$|[^a-z0-9._/-])/.exec(rule.repositories)?.[0] ?? "",
    used: 0,
    readAt: -Infinity,
  }));
}

/** Throws where there is no room for a blob that the repository does not have. */
export async function assertRoomForBlob(
  context: Context,
  repository: RepositoryName,
  digest: Digest,
  size: number,
): Promise<void> {
  try {
    await context.quotas?.assertRoom(context, repository, size);
  } catch (error) {
    const isThere = await context.table.get(linkKey(digest, repository), { consistent: true }) !== undefined;
    if (!isThere || !(error instanceof RegistryError)) throw error;
  }
}

/** Runs what gives the repository a blob, and counts it if it was not there. */
export async function countingBlob<T extends { size: number } | undefined>(
  work: Work,
  repository: RepositoryName,
  digest: Digest,
  add: () => Promise<T>,
): Promise<T> {
  const isCounted = await work.quotas?.covers(repository) ?? false;
  const known = isCounted && await work.table.get(linkKey(digest, repository), { consistent: true });
  const added = await add();
  if (isCounted && known === undefined && added !== undefined) {
    await work.quotas?.add(work, repository, added.size);
  }
  return added;
}
