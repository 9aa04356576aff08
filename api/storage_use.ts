import { isRepositoryName, type RepositoryName } from "../oci/mod.ts";
import { UNRESTRICTED_CALLER } from "../registry/interface.ts";
import type { CoreOptions } from "./options.ts";
import type { StorageList, StorageUse } from "./schemas/mod.ts";
import { badCursor, cursorOf, readCursor } from "./values.ts";

/** Blobs of one page, each with a request of its own. */
const MAX_BLOBS = 500;

/** Repositories of one page, and names that one request reads. */
const MAX_REPOSITORIES = 25;

/** Manifests of one request. Their items may have 256 KiB each. */
const MANIFEST_ITEMS = 100;

/** Manifests of one page. */
const MAX_MANIFESTS = 1000;

/** Position of a page: a repository, and what was measured of it. */
type Position =
  | { at: "after"; repository: RepositoryName }
  | { at: "blobs" | "manifests"; repository: RepositoryName; after: string };

/**
 * Bytes of the repositories, one after the other. A page measures up to {@linkcode MAX_BLOBS} blobs and
 * {@linkcode MAX_MANIFESTS} manifests. A repository with more is in several pages, whose numbers add up.
 */
export async function measureStorage(
  { registry, explorer }: CoreOptions,
  last: string | undefined,
): Promise<StorageList> {
  const begin = last === undefined ? undefined : readPosition(last);
  const left = { blobs: MAX_BLOBS, manifests: MAX_MANIFESTS };
  const repositories: StorageUse[] = [];

  /** Measures from a position; answers the position where the page is full. */
  async function measure(
    name: RepositoryName,
    from: { at: "blobs" | "manifests"; after?: string },
  ): Promise<Position | undefined> {
    const use = {
      name,
      blobs: 0,
      manifests: 0,
      own: 0,
      shared: 0,
      manifestBytes: 0,
      part: from.after !== undefined,
    };
    repositories.push(use);
    if (from.at === "blobs") {
      const after = from.after === undefined ? {} : { after: from.after };
      const blobs = await explorer.blobs(name, { limit: left.blobs, ...after });
      for (const { size, isShared } of blobs) use[isShared ? "shared" : "own"] += size;
      use.blobs = blobs.length;
      const isFull = blobs.length === left.blobs;
      left.blobs -= blobs.length;
      if (isFull) {
        use.part = true;
        return { at: "blobs", repository: name, after: blobs.at(-1)!.digest };
      }
    }
    let after = from.at === "manifests" ? from.after : undefined;
    while (left.manifests > 0) {
      const limit = Math.min(MANIFEST_ITEMS, left.manifests);
      const page = await explorer.manifestSizes(name, { limit, ...(after !== undefined && { after }) });
      use.manifests += page.count;
      use.manifestBytes += page.bytes;
      left.manifests -= page.count;
      after = page.next;
      if (after === undefined) return undefined;
    }
    use.part = true;
    return { at: "manifests", repository: name, after: after! };
  }

  if (begin !== undefined && begin.at !== "after") {
    const end = await measure(begin.repository, begin);
    if (end !== undefined) return { repositories, next: cursorOf(end) };
  }
  const after = begin === undefined ? {} : { after: begin.repository };
  const page = { ...after, limit: MAX_REPOSITORIES };
  const { items, next } = await registry.listRepositories(page, UNRESTRICTED_CALLER);
  for (const name of items) {
    const previous = repositories.at(-1)?.name ?? begin?.repository;
    if ((left.blobs === 0 || left.manifests === 0) && previous !== undefined) {
      return { repositories, next: cursorOf({ at: "after", repository: previous }) };
    }
    const end = await measure(name, { at: "blobs" });
    if (end !== undefined) return { repositories, next: cursorOf(end) };
  }
  return {
    repositories,
    ...(next !== undefined && { next: cursorOf({ at: "after", repository: items.at(-1) }) }),
  };
}

function readPosition(cursor: string): Position {
  const { at, repository, after } = readCursor(cursor) as Partial<Record<string, unknown>> ?? {};
  if (typeof repository !== "string" || !isRepositoryName(repository)) throw badCursor();
  if (at === "after") return { at, repository };
  if (at !== "blobs" && at !== "manifests" || typeof after !== "string") throw badCursor();
  return { at, repository, after };
}
