import type { Digest, RepositoryName, Tag } from "../oci/mod.ts";
import type { Caller, Explorer, TagFacts } from "../registry/interface.ts";
import type { TagListRequest } from "./api.ts";
import { attestedBy } from "./manifest_document.ts";
import { isIndexType, kindOf } from "./artifact_kind.ts";
import { type KnownManifest, type Library, MAX_BATCH } from "./library.ts";
import type { CoreOptions } from "./options.ts";
import { assertSees, pushedBy, unknownRepository } from "./sight.ts";
import type { BoundedCount, Platform, TagDetail, TagList } from "./schemas/mod.ts";
import { badCursor, cursorOf, digestIn, member, readCursor, sizeOf, tagIn, timeOf } from "./values.ts";

/** Tags that are counted for the total. */
const MAX_COUNTED = 1000;

/** Tags that a sorted list considers, and names that a filter reads, for one page. */
const MAX_CONSIDERED = 10_000;

/** Items of one query. */
const QUERY_ITEMS = 1000;

/** Platforms of one tag in a list. */
const MAX_PLATFORMS = 100;

/** Page of tags before their details. */
interface Found {
  tags: TagFacts[];
  total: BoundedCount;
  complete: boolean;
  next?: string;
}

/** Lists the tags of repositories. */
export class TagLists {
  readonly #explorer: Explorer;
  readonly #library: Library;
  readonly #recordsPulls: boolean;

  /** Lists over the explorer. */
  constructor({ explorer, rules }: CoreOptions, library: Library) {
    this.#explorer = explorer;
    this.#library = library;
    this.#recordsPulls = rules.recordsPulls;
  }

  /**
   * Page of tags. By name: two requests, and up to ten more with a filter. Newest first: up to ten. Then one for pulls
   * where they are recorded, and up to two for manifests that are not known yet.
   */
  async list(caller: Caller, repository: RepositoryName, request: TagListRequest = {}): Promise<TagList> {
    assertSees(caller, repository);
    const { sort = "name", q = "", last } = request;
    const limit = sizeOf(request.n);
    const found = sort === "newest"
      ? await this.#newest(repository, q, limit, last)
      : q === ""
      ? await this.#byName(repository, limit, last)
      : await this.#matching(repository, q, limit, last);
    if (found.tags.length === 0 && last === undefined && q === "") await this.#assertExists(repository);
    const { tags, ...page } = found;
    return { name: repository, tags: await this.details(caller, repository, tags), ...page };
  }

  /** Details of tags. */
  async details(
    caller: Caller,
    repository: RepositoryName,
    tags: readonly TagFacts[],
  ): Promise<TagDetail[]> {
    const [known, pulls, isImmutable] = await Promise.all([
      this.#manifestsOf(repository, tags),
      this.#recordsPulls ? this.#explorer.pulls(repository, tags.map(({ tag }) => tag)) : [],
      this.#explorer.immutable(repository),
    ]);
    return tags.map((facts, i): TagDetail => {
      const { tag, digest, mediaType, pushedAt, move, moves } = facts;
      const manifest = known.get(digest);
      const pulledAt = pulls[i];
      return {
        tag,
        digest,
        mediaType,
        kind: manifest?.kind ?? (isIndexType(mediaType) ? "index" : kindOf(mediaType) ?? "artifact"),
        platforms: manifest === undefined ? [] : platformsOf(manifest),
        pushedAt: timeOf(pushedAt),
        movedAt: timeOf(move.at),
        moves,
        immutable: isImmutable(tag),
        ...member("artifactType", manifest?.artifactType),
        ...member("size", manifest && sizeOfKnown(facts.manifestSize, manifest, known)),
        ...member("pulledAt", pulledAt === undefined ? undefined : timeOf(pulledAt)),
        ...pushedBy(caller, repository, move.by),
      };
    });
  }

  /** Facts about the targets of tags, and then about the children of those that are indexes. */
  async #manifestsOf(
    repository: RepositoryName,
    tags: readonly TagFacts[],
  ): Promise<Map<Digest, KnownManifest>> {
    const known = await this.#library.known(repository, tags.map(({ digest }) => digest));
    const children = [...known.values()]
      .flatMap(({ children }) =>
        children.length > MAX_BATCH ? [] : children.map(({ digest }) => digestIn(digest))
      )
      .filter((digest) => digest !== undefined);
    const inner = children.length === 0 ? [] : await this.#library.known(repository, children);
    return new Map([...known, ...inner]);
  }

  async #byName(repository: RepositoryName, limit: number, last: string | undefined): Promise<Found> {
    if (last !== undefined && tagIn(last) === undefined) throw badCursor();
    const after = last === undefined ? {} : { after: last };
    const [tags, names] = await Promise.all([
      this.#explorer.tags(repository, { ...after, limit: limit + 1 }),
      this.#explorer.tagNames(repository, { limit: MAX_COUNTED + 1 }),
    ]);
    const page = tags.slice(0, limit);
    return {
      tags: page,
      total: { count: Math.min(names.length, MAX_COUNTED), more: names.length > MAX_COUNTED },
      complete: true,
      ...(tags.length > limit && { next: page.at(-1)!.tag }),
    };
  }

  /** Tags that contain `q`, by name. A page continues after the last name that was read. */
  async #matching(
    repository: RepositoryName,
    q: string,
    limit: number,
    last: string | undefined,
  ): Promise<Found> {
    if (last !== undefined && tagIn(last) === undefined) throw badCursor();
    const matches: Tag[] = [];
    let [after, read, isEnd] = [last, 0, false];
    while (read < MAX_CONSIDERED && !isEnd) {
      const from = after === undefined ? {} : { after };
      const names = await this.#explorer.tagNames(repository, { ...from, limit: QUERY_ITEMS });
      matches.push(...names.filter((name) => name.includes(q)));
      read += names.length;
      after = names.at(-1) ?? after;
      isEnd = names.length < QUERY_ITEMS;
    }
    const page = matches.slice(0, limit);
    const next = matches.length > limit ? page.at(-1) : isEnd ? undefined : after;
    const tags = await this.#explorer.tagsNamed(repository, page);
    return {
      tags: tags.filter((tag) => tag !== undefined),
      total: { count: matches.length, more: !isEnd },
      complete: true,
      ...member("next", next),
    };
  }

  /** The tags that were pushed last. At the same time the tag that sorts later comes first. */
  async #newest(
    repository: RepositoryName,
    q: string,
    limit: number,
    last: string | undefined,
  ): Promise<Found> {
    const begin = last === undefined ? undefined : readPosition(last);
    const { tags, complete } = await this.considered(repository, MAX_CONSIDERED);
    const matches = tags.filter(({ tag }) => tag.includes(q)).sort(byNewest);
    const rest = begin === undefined ? matches : matches.filter((tag) => byNewest(begin, tag) < 0);
    const page = rest.slice(0, limit);
    const end = page.at(-1);
    return {
      tags: page,
      total: { count: matches.length, more: !complete },
      complete,
      ...(rest.length > limit && end && { next: cursorOf([end.pushedAt, end.tag]) }),
    };
  }

  /** The first `most` tags, in the order of their names. One request for each {@linkcode QUERY_ITEMS}. */
  async considered(
    repository: RepositoryName,
    most: number,
  ): Promise<{ tags: TagFacts[]; complete: boolean }> {
    const tags: TagFacts[] = [];
    for (;;) {
      const limit = Math.min(QUERY_ITEMS, most + 1 - tags.length);
      const after = tags.length === 0 ? {} : { after: tags.at(-1)!.tag };
      const page = await this.#explorer.tags(repository, { ...after, limit });
      tags.push(...page);
      if (tags.length > most) return { tags: tags.slice(0, most), complete: false };
      if (page.length < limit) return { tags, complete: true };
    }
  }

  async #assertExists(repository: RepositoryName): Promise<void> {
    const [facts] = await this.#explorer.repositories([repository]);
    if (facts === undefined) throw unknownRepository(repository);
  }
}

/** Order of tags, the one that was pushed last first. */
export function byNewest(
  a: Pick<TagFacts, "tag" | "pushedAt">,
  b: Pick<TagFacts, "tag" | "pushedAt">,
): number {
  return b.pushedAt - a.pushedAt || (a.tag < b.tag ? 1 : a.tag > b.tag ? -1 : 0);
}

function readPosition(cursor: string): Pick<TagFacts, "tag" | "pushedAt"> {
  const [pushedAt, tag] = Array.isArray(readCursor(cursor)) ? readCursor(cursor) as unknown[] : [];
  const known = tagIn(tag);
  if (typeof pushedAt !== "number" || known === undefined) throw badCursor();
  return { pushedAt, tag: known };
}

/** Platforms of an index, without the attestations of BuildKit. */
function platformsOf({ children }: KnownManifest): Platform[] {
  return children.filter((child) => attestedBy(child) === undefined)
    .map(({ platform }) => platform).filter((platform) => platform !== undefined)
    .slice(0, MAX_PLATFORMS);
}

/** Compressed bytes of a manifest; of an index the sum of its children, if all are known. */
export function sizeOfKnown(
  manifestSize: number,
  manifest: KnownManifest,
  known: ReadonlyMap<Digest, KnownManifest>,
): number | undefined {
  if (manifest.size !== undefined) return manifest.size;
  let sum = manifestSize;
  for (const { digest } of manifest.children) {
    const child = known.get(digest as Digest);
    if (child?.size === undefined) return undefined;
    sum += child.size;
  }
  return sum;
}
