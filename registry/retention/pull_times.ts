import type { RepositoryName, Tag } from "../../oci/mod.ts";
import type { NewItem, Table } from "../../storage/ports.ts";
import { type PullAttributes, pulledKey } from "../items/mod.ts";
import type { Registry } from "../registry.ts";
import { compileRules, needsPulls, type RetentionRule, ruleFor } from "./retention_rules.ts";

/** Minimum milliseconds between two writes of one process about pulls of one tag. */
const RECORD_INTERVAL_MS = 60 * 60_000;

/** Milliseconds that a pull waits to be written together with others. */
const WRITE_DELAY_MS = 60_000;

/**
 * Maximum pending pulls, and maximum recorded ones in memory. Above that, older ones are written at once or forgotten.
 */
const MAX_PULLS = 20_000;

/** Items of one write. */
const BATCH_ITEMS = 100;

/**
 * Maximum milliseconds by which the real last pull can be later than the recorded one: pulls within an interval that
 * are not recorded again, and pending ones, which wait longer in some processes, or that a shared cache has answered
 * (`public.tagTtl`, a minute at most).
 */
export const PULL_LAG_MS: number = RECORD_INTERVAL_MS + 5 * WRITE_DELAY_MS;

/** Options of {@linkcode PullTimes}. */
export interface PullTimesOptions {
  /** Table of the recorded times. */
  table: Table;
  /** True if a retention rule depends on pulls from the repository. */
  wanted: (repository: RepositoryName) => boolean;
  /** Called for each failed write, which is tried again. */
  failed: (error: unknown) => void;
  /** The present in milliseconds since the epoch. */
  now: () => number;
}

/** Records the pulls that these rules want to know of. */
export async function openPullTimes(
  rules: RetentionRule[],
  options: Omit<PullTimesOptions, "wanted">,
): Promise<PullTimes> {
  const compiled = await compileRules(rules);
  return new PullTimes({ ...options, wanted: (repository) => needsPulls(ruleFor(compiled, repository)) });
}

/**
 * Records the time of the last pull of each tag, for retention, without a write for each pull. Times are collected in
 * memory and written together, at most once an hour for each tag. A crash loses up to a minute of pulls, which matters
 * only if the tag is not pulled again before it would be deleted.
 *
 * A pull is a GET or HEAD of a manifest by its tag: many clients resolve the tag by HEAD and then fetch everything by
 * digest, so no other request names the tag.
 */
export class PullTimes {
  readonly #options: PullTimesOptions;
  readonly #written = new Map<string, number>();
  #waiting = new Map<string, NewItem & { attributes: PullAttributes }>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;

  /** None yet. */
  constructor(options: PullTimesOptions) {
    this.#options = options;
  }

  /** Registry that records its pulls here. */
  observe(registry: Registry): Registry {
    return {
      ...registry,
      getManifest: async (repository, reference, options) => {
        const manifest = await registry.getManifest(repository, reference, options);
        if ("tag" in reference) this.#note(repository, reference.tag);
        return manifest;
      },
    };
  }

  /** Writes what waits. Never fails: what can't be written waits again. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const pulls = [...this.#waiting];
    this.#waiting = new Map();
    for (let i = 0; i < pulls.length; i += BATCH_ITEMS) {
      const batch = pulls.slice(i, i + BATCH_ITEMS);
      try {
        await this.#options.table.putMany(batch.map(([, item]) => item));
      } catch (error) {
        this.#options.failed(error);
        for (const [id, item] of pulls.slice(i)) this.#wait(id, item);
        return;
      }
      for (const [id, { attributes }] of batch) this.#remember(id, attributes.at);
    }
  }

  /** Writes what waits, for the last time. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.flush();
  }

  #note(repository: RepositoryName, tag: Tag): void {
    // A name has no colon in it.
    const id = `${repository}:${tag}`;
    const at = this.#options.now();
    const written = this.#written.get(id);
    if (this.#waiting.has(id) || written !== undefined && at < written + RECORD_INTERVAL_MS) return;
    if (this.#options.wanted(repository)) {
      this.#wait(id, { ...pulledKey(repository, tag), attributes: { at } });
    }
  }

  #wait(id: string, item: NewItem & { attributes: PullAttributes }): void {
    if (this.#waiting.size >= MAX_PULLS) this.#drop();
    this.#waiting.set(id, item);
    if (!this.#stopped) this.#timer ??= setTimeout(() => this.flush(), WRITE_DELAY_MS);
  }

  /** Forgets the oldest pull: the table was unreachable, or more tags are pulled than can be written. */
  #drop(): void {
    const [oldest] = this.#waiting.keys();
    this.#waiting.delete(oldest!);
  }

  #remember(id: string, at: number): void {
    if (this.#written.size >= MAX_PULLS) {
      const [oldest] = this.#written.keys();
      this.#written.delete(oldest!);
    }
    // At the end, so that it is forgotten last.
    this.#written.delete(id);
    this.#written.set(id, at);
  }
}
