import { type Digest, isRepositoryName, type RepositoryName } from "../oci/mod.ts";
import type { Caller, Explorer, Registry } from "../registry/interface.ts";
import { inParallel } from "../storage/ports.ts";
import type { SearchRequest } from "./api.ts";
import type { Library } from "./library.ts";
import type { CoreOptions } from "./options.ts";
import { PackageSearch } from "./package_search.ts";
import { assertSees } from "./sight.ts";
import type { SearchHit, SearchPlace, SearchResult } from "./schemas/mod.ts";
import { badCursor, cursorOf, member, readCursor } from "./values.ts";

/** Results after which a page ends, and those of one repository in one place. */
const MAX_HITS = 50;
const MAX_HITS_OF_ONE = 10;

/** Repositories of one page; fewer if their content is read. */
const MAX_REPOSITORIES = 50;
const MAX_READ_REPOSITORIES = 10;

/** Tags of one repository that are searched, and those whose manifests are read. */
const MAX_TAGS = 1000;
const MAX_READ_TAGS = 100;

/** Repositories that are searched at the same time. */
const PARALLEL_REPOSITORIES = 8;

/** Characters of a query. */
const MAX_QUERY_CHARACTERS = 256;

/** Places that a search without `places` looks at. */
const DEFAULT_PLACES: readonly SearchPlace[] = ["repository", "tag", "digest"];

/** Position of a page: the repository after which it begins, and for packages a place in the repository after that. */
interface Position {
  after?: string;
  offset: number;
}

/** Results of one repository. */
interface Found {
  hits: SearchHit[];
  /** Parts that were too large. */
  skipped: number;
  /** Place from which a search for packages continues in the same repository. */
  offset?: number;
}

/** Searches what a caller may see. */
export class Search {
  readonly #registry: Registry;
  readonly #explorer: Explorer;
  readonly #library: Library;
  readonly #packages: PackageSearch;

  /** Searches over the explorer. */
  constructor({ registry, explorer }: CoreOptions, library: Library) {
    this.#registry = registry;
    this.#explorer = explorer;
    this.#library = library;
    this.#packages = new PackageSearch(explorer, library);
  }

  /**
   * Page of results. Up to two requests for each of 50 repositories; for annotations and packages, which read manifests
   * and blobs, up to 10 repositories and {@linkcode PackageSearch} blobs.
   */
  async search(caller: Caller, request: SearchRequest): Promise<SearchResult> {
    const query = request.q.trim().slice(0, MAX_QUERY_CHARACTERS);
    const places = request.places ?? DEFAULT_PLACES;
    const begin = request.last === undefined ? { offset: 0 } : readPosition(request.last);
    const empty = { query, hits: [], searched: { repositories: 0, skipped: 0 } };
    if (query === "") return empty;
    const isFirst = request.last === undefined && request.repository === undefined;
    const named = isFirst && places.includes("repository")
      ? await this.#named(caller, query)
      : { hits: [], skipped: 0 };
    if (places.every((place) => place === "repository")) return { ...empty, ...named };
    const page = await this.#pageOf(caller, request.repository, begin, places);
    const walk = await this.#walk(page.names, query, request, places, begin);
    const last = page.names[walk.done - 1];
    const isWhole = walk.done === page.names.length && walk.offset === undefined;
    const next = isWhole
      ? page.next === undefined ? undefined : cursorOf([page.next, 0])
      : cursorOf([last ?? begin.after ?? null, walk.offset ?? 0]);
    return {
      query,
      hits: [...named.hits, ...walk.hits],
      searched: { repositories: walk.done, skipped: named.skipped + walk.skipped },
      ...member("next", next),
    };
  }

  /** Repositories whose names contain the text. */
  async #named(caller: Caller, q: string): Promise<Found> {
    const sees: Caller["sees"] = (name) => name.includes(q.toLowerCase()) && caller.sees(name);
    const { items, next } = await this.#registry.listRepositories({ limit: MAX_HITS }, { ...caller, sees });
    return {
      hits: items.map((name) => ({ place: "repository", name })),
      skipped: next === undefined ? 0 : 1,
    };
  }

  async #pageOf(
    caller: Caller,
    repository: RepositoryName | undefined,
    { after }: Position,
    places: readonly SearchPlace[],
  ): Promise<{ names: RepositoryName[]; next?: string }> {
    if (repository !== undefined) {
      assertSees(caller, repository);
      return { names: [repository] };
    }
    const reads = places.includes("annotation") || places.includes("package");
    const limit = reads ? MAX_READ_REPOSITORIES : MAX_REPOSITORIES;
    const page = { limit, ...member("after", after) };
    const { items, next } = await this.#registry.listRepositories(page, caller);
    return { names: items, ...member("next", next) };
  }

  /** Searches the repositories of a page, until it has enough results or has read enough. */
  async #walk(
    names: RepositoryName[],
    query: string,
    request: SearchRequest,
    places: readonly SearchPlace[],
    begin: Position,
  ): Promise<{ hits: SearchHit[]; skipped: number; done: number; offset?: number }> {
    const found = await inParallel(
      names,
      PARALLEL_REPOSITORIES,
      (name) => this.#inTable(name, query, places),
    );
    const budget = this.#packages.budget();
    const hits: SearchHit[] = [];
    let skipped = 0;
    for (const [i, name] of names.entries()) {
      const offset = i === 0 ? begin.offset : 0;
      const packages: Found = places.includes("package")
        ? await this.#packages.search(name, query, request.version, offset, budget)
        : { hits: [], skipped: 0 };
      // The first part of a repository that is continued has shown the rest.
      if (offset === 0) hits.push(...found[i]!.hits);
      hits.push(...packages.hits);
      skipped += found[i]!.skipped + packages.skipped;
      if (packages.offset !== undefined) return { hits, skipped, done: i, offset: packages.offset };
      if (hits.length >= MAX_HITS) return { hits, skipped, done: i + 1 };
    }
    return { hits, skipped, done: names.length };
  }

  async #inTable(name: RepositoryName, q: string, places: readonly SearchPlace[]): Promise<Found> {
    const found = await Promise.all([
      places.includes("tag") ? this.#tags(name, q) : undefined,
      places.includes("digest") ? this.#digests(name, q) : undefined,
      places.includes("annotation") ? this.#annotations(name, q) : undefined,
    ]);
    const known = found.filter((part) => part !== undefined);
    return {
      hits: known.flatMap(({ hits }) => hits),
      skipped: known.reduce((sum, { skipped }) => sum + skipped, 0),
    };
  }

  async #tags(name: RepositoryName, q: string): Promise<Found> {
    const tags = await this.#explorer.tagNames(name, { limit: MAX_TAGS + 1 });
    const matches = tags.slice(0, MAX_TAGS).filter((tag) => tag.includes(q));
    return cut(matches.map((tag) => ({ place: "tag", name, tag })), tags.length > MAX_TAGS);
  }

  async #digests(name: RepositoryName, q: string): Promise<Found> {
    const [, algorithm = "sha256", hex] = /^(?:(sha256|sha512):)?([0-9a-f]{6,128})$/.exec(q) ?? [];
    if (hex === undefined) return { hits: [], skipped: 0 };
    const digests = await this.#explorer.digestsFrom(name, `${algorithm}:${hex}`, MAX_HITS_OF_ONE + 1);
    return cut(digests.map((digest) => ({ place: "digest", name, digest })), false);
  }

  /** Annotations of the manifests of the first tags. */
  async #annotations(name: RepositoryName, q: string): Promise<Found> {
    const tags = await this.#explorer.tags(name, { limit: MAX_READ_TAGS + 1 });
    const byDigest = new Map<Digest, string>();
    for (const { digest, tag } of tags.slice(0, MAX_READ_TAGS)) {
      if (!byDigest.has(digest)) byDigest.set(digest, tag);
    }
    const reads = await this.#library.manifests(name, [...byDigest.keys()]);
    const wanted = q.toLowerCase();
    const hits = reads.flatMap((read): SearchHit[] => {
      if (read === undefined || read === "unread") return [];
      const { digest, document } = read;
      return Object.entries(document.annotations)
        .filter(([field, text]) => `${field}=${text}`.toLowerCase().includes(wanted))
        .map(([field, text]) => ({
          place: "annotation",
          name,
          digest,
          field,
          text: text.slice(0, MAX_QUERY_CHARACTERS),
          ...member("tag", byDigest.get(digest)),
        }));
    });
    return cut(hits, tags.length > MAX_READ_TAGS || reads.includes("unread"));
  }
}

function cut(hits: SearchHit[], isPartial: boolean): Found {
  const isCut = isPartial || hits.length > MAX_HITS_OF_ONE;
  return { hits: hits.slice(0, MAX_HITS_OF_ONE), skipped: isCut ? 1 : 0 };
}

function readPosition(cursor: string): Position {
  const value = readCursor(cursor);
  const [after, offset] = Array.isArray(value) ? value as unknown[] : [];
  const isAfter = after === null ||
    typeof after === "string" && (after.startsWith("~") || isRepositoryName(after));
  if (!isAfter || typeof offset !== "number" || !Number.isSafeInteger(offset) || offset < 0) {
    throw badCursor();
  }
  return { offset, ...(after !== null && { after: after as string }) };
}
