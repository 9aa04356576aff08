import type { Digest, RepositoryName, Tag } from "../oci/mod.ts";
import type { Epochs } from "../registry/mod.ts";
import { observer } from "../telemetry/observer.ts";
import { SharedReads } from "./shared_reads.ts";

/** Options of {@linkcode EpochCheck}. */
export interface EpochCheckOptions {
  /** Milliseconds for which an epoch that was read counts as the present one, unless the caller wants it exactly. */
  age: number;
  /** A clock in milliseconds that never goes back. */
  now: () => number;
}

/** An epoch, and up to when it is known to be the present one. */
interface Known {
  epoch: string;
  /** Start of its read: the clock, or the table's change count. */
  since: number;
}

/** Target of a tag, with the epoch of the repository from a read that is not newer. */
export interface Target {
  /** The manifest that the tag points to. */
  digest: Digest;
  /** Epoch of the repository. */
  epoch: string;
}

/** Maximum cached epochs, and maximum cached targets of tags; a few hundred bytes each. */
const MAX_KNOWN = 10_000;

/**
 * Reads the current epoch of a repository. The read begins after the request. If the table counts its changes, a count
 * that is read after the request and is unchanged replaces the read. A cache age above 0 relaxes that.
 */
export class EpochCheck {
  readonly #epochs: Epochs;
  readonly #options: EpochCheckOptions;
  readonly #reads = new SharedReads<string>();
  readonly #counts = new SharedReads<number>();
  readonly #targets = new SharedReads<Target>();
  readonly #known = new Map<string, Known>();
  /** Targets of tags, each with the table's change count from before its read. */
  readonly #knownTargets = new Map<string, Target & { since: number }>();
  /** Deletions by this process. */
  #deletions = 0;

  /** Over the epochs of a table. */
  constructor(epochs: Epochs, options: EpochCheckOptions) {
    this.#epochs = epochs;
    this.#options = options;
  }

  /** True if epochs have an age, which exact checks ignore. */
  get hasAge(): boolean {
    return this.#epochs.changeCount === undefined && this.#options.age > 0;
  }

  /** True if most checks need no read. */
  get isFree(): boolean {
    return this.#epochs.changeCount !== undefined || this.#options.age > 0;
  }

  /** Epoch of the repository. `exact` ignores the cache age, because the client's next push depends on the answer. */
  current(repository: RepositoryName, exact: boolean): Promise<string> {
    const { changeCount } = this.#epochs;
    const { age, now } = this.#options;
    if (changeCount !== undefined) {
      return this.#counts.get("", changeCount).then((count) => {
        const known = this.#known.get(repository);
        observer?.cacheRead("epochs", known?.since === count);
        return known?.since === count ? known.epoch : this.#readSince(repository, count);
      });
    }
    const known = this.#known.get(repository);
    const isFresh = known !== undefined && age > 0 && !exact && now() - known.since <= age;
    observer?.cacheRead("epochs", isFresh);
    return isFresh ? Promise.resolve(known.epoch) : this.#readSince(repository, now());
  }

  /** Target of the tag and the epoch of its repository, read together, without a cache age. */
  target(repository: RepositoryName, tag: Tag): Promise<Target> {
    const { changeCount } = this.#epochs;
    // The key is unique, because a repository name contains no colon.
    const key = `${repository}:${tag}`;
    if (changeCount === undefined) return this.#targets.get(key, () => this.#readTarget(repository, tag));
    // A count that is read after the request and has not changed since the target was read: no tag was moved.
    return this.#counts.get("", changeCount).then((count) => {
      const known = this.#knownTargets.get(key);
      return known?.since === count ? known : this.#readTargetSince(repository, tag, count);
    });
  }

  async #readTarget(repository: RepositoryName, tag: Tag): Promise<Target> {
    const since = this.#options.now();
    const target = await this.#epochs.readWithTag(repository, tag);
    this.#remember(repository, { epoch: target.epoch, since });
    return target;
  }

  async #readTargetSince(repository: RepositoryName, tag: Tag, since: number): Promise<Target> {
    const key = `${repository}:${tag}`;
    const target = await this.#targets.get(key, () => this.#epochs.readWithTag(repository, tag));
    if (this.#knownTargets.size >= MAX_KNOWN) this.#knownTargets.clear();
    this.#knownTargets.set(key, { ...target, since });
    return target;
  }

  /**
   * Epoch that was read last, for a fact whose read begins now. It may have changed since: then the fact is of no use,
   * but never wrong, because no epoch returns while a fact of it is cached.
   */
  last(repository: RepositoryName): string | undefined {
    return this.#known.get(repository)?.epoch;
  }

  /** Reads the epoch and caches it. `since` is from before the read: the clock, or the change count. */
  async #readSince(repository: RepositoryName, since: number): Promise<string> {
    const deletions = this.#deletions;
    const epoch = await this.#read(repository);
    if (this.#deletions === deletions) this.#remember(repository, { epoch, since });
    return epoch;
  }

  /** Forgets the repository's epoch: this process has deleted something in it. */
  forget(repository: RepositoryName): void {
    this.#deletions++;
    this.#known.delete(repository);
  }

  #read(repository: RepositoryName): Promise<string> {
    return this.#reads.get(repository, () => this.#epochs.read(repository));
  }

  #remember(repository: RepositoryName, known: Known): void {
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    this.#known.set(repository, known);
  }
}
