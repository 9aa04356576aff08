import type { Digest, RepositoryName, Tag } from "../../oci/mod.ts";

/** Request of a client. */
export type Wish =
  | { kind: "blob"; repository: RepositoryName; digest: Digest; isRead?: true }
  | { kind: "manifest"; repository: RepositoryName; digest: Digest; tags: Tag[] }
  | { kind: "pull"; repository: RepositoryName; tag: Tag }
  | { kind: "retain" }
  | { kind: "delete blob"; repository: RepositoryName; digest: Digest; withAll?: true }
  | { kind: "delete manifest"; repository: RepositoryName; digest: Digest; withAll?: true }
  | { kind: "delete tag"; repository: RepositoryName; tag: Tag };

// `isRead`: it was only asked for, by HEAD. `withAll`: by a deletion of the repository, which keeps what pushes under way
// may need.

/** A request of one kind. */
export type WishOf<Kind extends Wish["kind"]> = Extract<Wish, { kind: Kind }>;

/** A request, with its start and its answer. */
export interface Operation<W extends Wish = Wish> {
  wish: W;
  /** Moment of its start. */
  start: number;
  /** Moment of its answer; `Infinity` without an answer, because it may then take effect at any time. */
  end: number;
  /** Times of its start and its answer, in milliseconds since the epoch. */
  asked: number;
  time: number;
  /** True if it was acknowledged. */
  done: boolean;
  /** Attempts that died or failed because of a store: each may have done any part of its work. */
  failures: number;
  /** The specification's error code of its refusal, if any. */
  refused?: string;
}

/** All requests of clients in a run, and their answers. */
export class Ledger {
  readonly #operations: Operation[] = [];

  /** Records the start of a request. */
  begin<W extends Wish>(wish: W, start: number, asked: number): Operation<W> {
    const operation = { wish, start, end: Infinity, asked, time: Infinity, done: false, failures: 0 };
    this.#operations.push(operation);
    return operation;
  }

  /** Forgets that pushes of content were acknowledged, because the store has lost it. */
  lose(digest: Digest): void {
    for (const operation of this.#operations) {
      if ("digest" in operation.wish && operation.wish.digest === digest) operation.done = false;
    }
  }

  /** Those of one kind. */
  of<Kind extends Wish["kind"]>(kind: Kind): Operation<WishOf<Kind>>[] {
    return this.#operations.filter(({ wish }) => wish.kind === kind) as Operation<WishOf<Kind>>[];
  }

  /** Requests of one kind that may have taken effect before another one began. */
  notBefore<Kind extends Wish["kind"]>(kind: Kind, other: Operation): Operation<WishOf<Kind>>[] {
    return this.of(kind).filter(({ end }) => end > other.start);
  }

  /** The acknowledged deletion that `isOver` and after which a read can find nothing, if any. */
  deletionBefore(
    isOver: (deletion: Operation) => boolean,
    target: { kind: "manifest" | "blob"; repository: RepositoryName; digest: Digest },
  ): Operation | undefined {
    const { kind, repository, digest } = target;
    return this.of(`delete ${kind}`).find((deletion) => {
      const { wish, done, refused = "" } = deletion;
      if (wish.repository !== repository || wish.digest !== digest || !isOver(deletion)) return false;
      // A delete that finds nothing counts as an acknowledged one.
      if (!done && !["MANIFEST_UNKNOWN", "BLOB_UNKNOWN"].includes(refused)) return false;
      if (wish.withAll && kind === "blob") return false;
      return !this.of(kind).some(({ wish, end }) =>
        wish.repository === repository && end > deletion.start && !("isRead" in wish) &&
        (deletion.wish.withAll || wish.digest === digest)
      );
    });
  }

  /** Ledger of a reader from `start` to `end`: requests without an answer by then may have taken effect or not. */
  asOf(start: number, end: number): Ledger {
    const ledger = new Ledger();
    for (const operation of this.#operations.filter((operation) => operation.start < end)) {
      const isKnown = operation.end < start;
      ledger.#operations.push(isKnown ? operation : { ...operation, done: false, end: Infinity });
    }
    return ledger;
  }
}
