/**
 * Checks of a single read, while other requests are under way.
 *
 * @module
 */
import type { Digest, RepositoryName, Tag } from "../../oci/mod.ts";
import type { Ledger, Operation, WishOf } from "./ledger.ts";
import { GRACE_MS } from "./settings.ts";
import { must } from "./violation.ts";

/** Content that a client reads: a manifest or a blob by its digest, or a manifest by a tag. */
export interface Target {
  kind: "manifest" | "blob";
  repository: RepositoryName;
  digest?: Digest;
  tag?: Tag;
}

/** Name of the content, for a message. */
export function nameOf({ kind, repository, digest, tag }: Target): string {
  return `${kind} ${digest ?? tag} in ${repository}`;
}

/** Times of a read: the moment of its start, and the time of its answer. */
interface Times {
  start: number;
  now: number;
}

/**
 * True if a read must find the content: a push was acknowledged before it, and no request, no retention and no collector
 * can have removed it since.
 */
export function mustBeThere(
  ledger: Ledger,
  { kind, repository, digest, tag }: Target,
  times: Times,
): boolean {
  if (tag !== undefined) return mustHaveTag(ledger, repository, tag, times);
  return ledger.of(kind).some((push) =>
    push.wish.repository === repository && push.wish.digest === digest && !("isRead" in push.wish) &&
    isRecent(push, times) &&
    ledger.notBefore(`delete ${kind}`, push)
      .every(({ wish }) => wish.repository !== repository || wish.digest !== digest)
  );
}

function mustHaveTag(ledger: Ledger, repository: RepositoryName, tag: Tag, times: Times): boolean {
  const isSame = ({ wish }: Operation<WishOf<"manifest">>) =>
    wish.repository === repository && wish.tags.includes(tag);
  return ledger.of("retain").length === 0 && ledger.of("manifest").filter(isSame).some((push) => {
    // A delete of a manifest takes the tags that point to it.
    const others = ledger.notBefore("manifest", push).filter(isSame);
    const targets = new Set(others.map(({ wish }) => wish.digest));
    return isRecent(push, times) &&
      ledger.notBefore("delete tag", push)
        .every(({ wish }) => wish.repository !== repository || wish.tag !== tag) &&
      ledger.notBefore("delete manifest", push)
        .every(({ wish }) => wish.repository !== repository || !targets.has(wish.digest));
  });
}

/** True for a push that was acknowledged before the read, and so recent that no collector has removed its content. */
function isRecent({ done, end, asked }: Operation, { start, now }: Times): boolean {
  return done && end < start && asked + GRACE_MS / 2 > now;
}

/** A tag never points to what no push has asked for, or to what an acknowledged move has replaced that `isOver`. */
export function checkTarget(
  ledger: Ledger,
  { repository, tag, digest }: { repository: RepositoryName; tag: Tag; digest: Digest },
  isOver: (operation: Operation) => boolean,
): void {
  const isSame = (wish: { repository: RepositoryName; tags: Tag[] }) =>
    wish.repository === repository && wish.tags.includes(tag);
  const pushes = ledger.of("manifest").filter(({ wish }) => isSame(wish));
  const own = pushes.filter(({ wish }) => wish.digest === digest);
  must(own.length > 0, `Tag "${tag}" of ${repository} points to ${digest}, which was never pushed with it`);
  const moves = [
    ...pushes.filter(({ wish }) => wish.digest !== digest),
    ...ledger.of("delete tag").filter(({ wish }) => wish.repository === repository && wish.tag === tag),
  ];
  const last = moves.find((move) =>
    move.done && isOver(move) && own.every(({ done, end }) => done && end < move.start)
  );
  must(
    last === undefined,
    `Tag "${tag}" of ${repository} is answered as ${digest}, and was moved or deleted`,
  );
}
