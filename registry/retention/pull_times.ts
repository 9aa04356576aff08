import type { RepositoryName, Tag } from "../../oci/mod.ts";
import type { NewItem, Table } from "../../storage/ports.ts";
import { type PullAttributes, pulledKey } from "../items/mod.ts";
import type { Registry } from "../registry.ts";
import { compileRules, needsPulls, type RetentionRule, ruleFor } from "./retention_rules.ts";

/** Milliseconds for which a process does not write anew that a tag was pulled. */
const PERIOD = 60 * 60_000;

/** Milliseconds that a pull waits to be written together with others. */
const DELAY = 60_000;

/** Pulls that wait, and those that are known to be written; beyond, what is older is written at once or forgotten. */
const MOST = 20_000;

/** Items of one write. */
const BATCH = 100;

/**
 * Milliseconds that a tag may have been pulled later than what is recorded: the pulls of a period that are not written
 * anew, and those that wait, in one process longer than in another one.
 */
export const PULL_LAG: number = PERIOD + 5 * DELAY;

/** What {@linkcode PullTimes} takes. */
export interface PullTimesOptions {
  /** Where the times are kept. */
  table: Table;
  /** Whether anybody wants to know of pulls from the repository. */
  wanted: (repository: RepositoryName) => boolean;
  /** Told of a write that failed; it is tried again. */
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
 * Records when tags were last pulled, for retention, without a write for each pull: they are collected in memory and
 * written together, each tag once an hour at most. What a process that dies has not written is lost: a minute of pulls,
 * which only count where nobody pulls the tag again before it would go.
 *
 * What counts is a manifest that is asked for by its tag, by HEAD as well: many clients resolve the tag by HEAD and
 * then fetch all else by digest, so there is nothing else that says which tag they pull.
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

  /** The registry, with what is pulled from it recorded here. */
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
    for (let i = 0; i < pulls.length; i += BATCH) {
      const batch = pulls.slice(i, i + BATCH);
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
    if (this.#waiting.has(id) || written !== undefined && at < written + PERIOD) return;
    if (this.#options.wanted(repository)) {
      this.#wait(id, { ...pulledKey(repository, tag), attributes: { at } });
    }
  }

  #wait(id: string, item: NewItem & { attributes: PullAttributes }): void {
    if (this.#waiting.size >= MOST) this.#drop();
    this.#waiting.set(id, item);
    if (!this.#stopped) this.#timer ??= setTimeout(() => this.flush(), DELAY);
  }

  /** The table has been unreachable, or more tags are pulled than it can be told of: forgets the oldest pull. */
  #drop(): void {
    const [oldest] = this.#waiting.keys();
    this.#waiting.delete(oldest!);
  }

  #remember(id: string, at: number): void {
    if (this.#written.size >= MOST) {
      const [oldest] = this.#written.keys();
      this.#written.delete(oldest!);
    }
    // At the end of those that are to be forgotten.
    this.#written.delete(id);
    this.#written.set(id, at);
  }
}
