import { AssertionError } from "@std/assert";
import type { Content, ManifestContent } from "./content.ts";
import { type Change, type Fact, Ledger, PRESENT } from "./ledger.ts";
import type { Upload } from "./upload.ts";
import type { Answer } from "./wire.ts";

/** The repositories that all writers share. */
export const REPOSITORIES = ["kill/one", "kill/two", "three"] as const;

/** The tags of each repository: few, so that writers meet on them. */
export const TAGS: readonly string[] = Array.from({ length: 12 }, (_, index) => `t${index}`);

/** Result of an operation: `lost` if a kill came before its answer. */
type Outcome = "acknowledged" | "lost" | "refused";

/** Content that was pushed to a repository, or may have been. */
interface Stock {
  /** Blobs that are never deleted, so that a manifest of them must never lack one. */
  readonly kept: Content[];
  /** Blobs that are deleted now and then; no manifest refers to them. */
  readonly loose: Content[];
  readonly manifests: Map<string, ManifestContent>;
}

/** Everything that the writers of one run share. */
export class Scene {
  readonly ledger = new Ledger();
  /** Uploads that have begun and are neither done nor given up. */
  readonly uploads = new Set<Upload>();
  /** The uploads on which no writer works. */
  readonly idleUploads = new Set<Upload>();
  /** Results of the operations, by their name. */
  readonly tally = new Map<string, Record<Outcome, number>>();
  readonly races = new Races();
  readonly #stocks = new Map<string, Stock>();
  #names = 0;

  /** @param random Whole numbers from 0 to `n` - 1. */
  constructor(readonly random: (n: number) => number) {}

  /** A number that nothing else of this run is called by. */
  newName(): number {
    return this.#names++;
  }

  /** True if something happens that does in `percent` of all cases. */
  chance(percent: number): boolean {
    return this.random(100) < percent;
  }

  /** Any of these; `undefined` where there are none. */
  pickAny<T>(items: readonly T[]): T | undefined {
    return items[this.random(Math.max(1, items.length))];
  }

  /** Any of these, which are not none. */
  pick<T>(items: readonly T[]): T {
    return this.pickAny(items)!;
  }

  /** Content of a repository. */
  stock(repository: string): Stock {
    const stock = this.#stocks.get(repository) ?? { kept: [], loose: [], manifests: new Map() };
    this.#stocks.set(repository, stock);
    return stock;
  }

  /** Blobs that are in the repository for certain and stay there. */
  sureBlobs(repository: string): Content[] {
    return this.stock(repository).kept.filter(({ digest }) => {
      return this.ledger.mustBe({ kind: "blob", repository, digest }, PRESENT);
    });
  }

  /** Counts an operation. */
  count(name: string, outcome: Outcome): void {
    const counts = this.tally.get(name) ?? { acknowledged: 0, lost: 0, refused: 0 };
    counts[outcome]++;
    this.tally.set(name, counts);
  }

  /**
   * Runs the request of an operation that makes these changes, keeps the books of it, and answers whether it was done.
   * An answer with another status than `done` must be one of `refused`.
   */
  async attempt(
    name: string,
    changes: readonly Change[],
    request: () => Promise<Answer>,
    { done, refused }: { done: number; refused: readonly number[] },
  ): Promise<boolean> {
    const attempt = this.ledger.begin(changes);
    let answer: Answer;
    try {
      answer = await request();
    } catch (error) {
      attempt.lose();
      this.count(name, "lost");
      throw error;
    }
    if (answer.status === done) {
      attempt.acknowledge();
      this.count(name, "acknowledged");
      return true;
    }
    attempt.lose();
    this.count(name, "refused");
    expectStatus(name, answer, [done, ...refused]);
    return false;
  }
}

/** Which manifests were pushed and deleted at the same time when a kill came. */
export class Races {
  readonly #running = new Map<string, Set<{ kind: "push" | "delete"; raced: boolean }>>();
  readonly #interrupted = new Set<string>();

  /** Runs an operation on a manifest of a repository. */
  async during<T>(
    repository: string,
    digest: string,
    kind: "push" | "delete",
    run: () => Promise<T>,
  ): Promise<T> {
    const key = `${repository} ${digest}`;
    const running = this.#running.get(key) ?? new Set();
    this.#running.set(key, running);
    const operation = { kind, raced: false };
    running.add(operation);
    if (new Set([...running].map(({ kind }) => kind)).size > 1) running.forEach((each) => each.raced = true);
    try {
      return await run();
    } catch (error) {
      if (operation.raced) this.#interrupted.add(key);
      throw error;
    } finally {
      running.delete(operation);
    }
  }

  /**
   * True if a tag of the manifest, or its place among the referrers, may be there without the manifest: each of the two
   * operations would have seen to that, and what a kill of both leaves is left to garbage collection.
   */
  mayDangle(repository: string, digest: string): boolean {
    return this.#interrupted.has(`${repository} ${digest}`);
  }
}

/** Throws where an answer has none of these statuses. */
export function expectStatus(what: string, answer: Answer, statuses: readonly number[]): void {
  if (statuses.includes(answer.status)) return;
  const body = new TextDecoder().decode(answer.body.subarray(0, 500));
  throw new AssertionError(`Got ${answer.status} for ${what} instead of ${statuses.join(" or ")}: ${body}`);
}

/** The fact that a repository has a blob. */
export function blobFact(repository: string, digest: string): Fact {
  return { kind: "blob", repository, digest };
}
