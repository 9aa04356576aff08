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

/** Maximum cached epochs; a few bytes each. */
const MAX_EPOCHS = 10_000;

/**
 * Reads the current epoch of a repository. The read begins after the request. If the table counts its changes, a count
 * that is read after the request and is unchanged replaces the read. A cache age above 0 relaxes that.
 */
export class EpochCheck {
  readonly #epochs: Epochs;
  readonly #options: EpochCheckOptions;
  readonly #reads = new SharedReads<string>();
  readonly #counts = new SharedReads<number>();
  readonly #known = new Map<string, Known>();
  /** Deletions by this process. */
  #deletions = 0;

  /** Over the epochs of a table. */
  constructor(epochs: Epochs, options: EpochCheckOptions) {
    this.#epochs = epochs;
    this.#options = options;
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

  /** Target of the tag and the epoch of its repository, read together. Only where the check is not free. */
  async withTag(repository: RepositoryName, tag: Tag): Promise<{ digest: Digest; epoch: string }> {
    const since = this.#options.now();
    const target = await this.#epochs.readWithTag(repository, tag);
    this.#remember(repository, { epoch: target.epoch, since });
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
    if (this.#known.size >= MAX_EPOCHS) this.#known.clear();
    this.#known.set(repository, known);
  }
}
