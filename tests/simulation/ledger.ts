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

/** A wish of one kind. */
export type WishOf<Kind extends Wish["kind"]> = Extract<Wish, { kind: Kind }>;

/** A request, from when it was made to when it was answered. */
export interface Operation<W extends Wish = Wish> {
  wish: W;
  /** The moment at which it was made. */
  start: number;
  /** The moment at which it was answered; `Infinity` where it never was, so that it may have been done at any time. */
  end: number;
  /** When it was made and when it was answered, in milliseconds since the epoch. */
  asked: number;
  time: number;
  /** True if it was acknowledged. */
  done: boolean;
  /** Attempts that died or were told that a store does not answer: each may have done any part of its work. */
  failures: number;
  /** The code of the specification by which it was refused, if it was. */
  refused?: string;
}

/** Everything that clients have asked for in a run, and what they were told. */
export class Ledger {
  readonly #operations: Operation[] = [];

  /** Notes a request that begins. */
  begin<W extends Wish>(wish: W, start: number, asked: number): Operation<W> {
    const operation = { wish, start, end: Infinity, asked, time: Infinity, done: false, failures: 0 };
    this.#operations.push(operation);
    return operation;
  }

  /** Those of one kind. */
  of<Kind extends Wish["kind"]>(kind: Kind): Operation<WishOf<Kind>>[] {
    return this.#operations.filter(({ wish }) => wish.kind === kind) as Operation<WishOf<Kind>>[];
  }

  /** Those of one kind that may have been done when another one had begun. */
  notBefore<Kind extends Wish["kind"]>(kind: Kind, other: Operation): Operation<WishOf<Kind>>[] {
    return this.of(kind).filter(({ end }) => end > other.start);
  }

  /** The acknowledged deletion since which nothing has come that a read that began then could have found; if any. */
  deletionBefore(
    start: number,
    target: { kind: "manifest" | "blob"; repository: RepositoryName; digest: Digest },
  ): Operation | undefined {
    const { kind, repository, digest } = target;
    return this.of(`delete ${kind}`).find((deletion) => {
      const { wish, done, refused = "", end } = deletion;
      if (wish.repository !== repository || wish.digest !== digest || end > start) return false;
      // A delete that finds nothing is as good as one that does.
      if (!done && !["MANIFEST_UNKNOWN", "BLOB_UNKNOWN"].includes(refused)) return false;
      if (wish.withAll && kind === "blob") return false;
      return !this.of(kind).some(({ wish, end }) =>
        wish.repository === repository && end > deletion.start && !("isRead" in wish) &&
        (deletion.wish.withAll || wish.digest === digest)
      );
    });
  }

  /** The ledger of a reader who came at `start` and left at `end`: what was not answered by then may be done or not. */
  asOf(start: number, end: number): Ledger {
    const ledger = new Ledger();
    for (const operation of this.#operations.filter((operation) => operation.start < end)) {
      const isKnown = operation.end < start;
      ledger.#operations.push(isKnown ? operation : { ...operation, done: false, end: Infinity });
    }
    return ledger;
  }
}
