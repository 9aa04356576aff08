import type { RepositoryName } from "../oci/mod.ts";
import type { Caller, Explorer, Registry, RepositoryFacts, TagFacts } from "../registry/interface.ts";
import { inParallel } from "../storage/ports.ts";
import type { RepositoryListRequest } from "./api.ts";
import type { Library, ReadManifest } from "./library.ts";
import { attestedBy } from "./manifest_document.ts";
import type { ManifestViews } from "./manifest_views.ts";
import type { ApiRules, CoreOptions } from "./options.ts";
import { assertSees, EVERY_ACTION, unknownRepository } from "./sight.ts";
import { byNewest, type TagLists } from "./tag_lists.ts";
import type { NewestTag, Repository, RepositoryList, RepositorySummary, Text } from "./schemas/mod.ts";
import { digestIn, member, sizeOf, timeOf } from "./values.ts";

/** Tags of one repository that a list of repositories counts, and the page of one repository. */
const MAX_LISTED_TAGS = 100;
const MAX_COUNTED_TAGS = 1000;

/** Repositories whose tags are read at the same time. */
const PARALLEL_READS = 8;

/** Annotations and labels of image-spec (annotations.md) that a repository shows. */
const TEXTS = ["title", "description", "vendor", "licenses", "source", "url", "documentation"] as const;

/** Lists and describes repositories. */
export class Repositories {
  readonly #registry: Registry;
  readonly #explorer: Explorer;
  readonly #rules: ApiRules;
  readonly #library: Library;
  readonly #lists: TagLists;
  readonly #views: ManifestViews;

  /** Repositories over the explorer. */
  constructor(
    { registry, explorer, rules }: CoreOptions,
    parts: { library: Library; lists: TagLists; views: ManifestViews },
  ) {
    this.#registry = registry;
    this.#explorer = explorer;
    this.#rules = rules;
    this.#library = parts.library;
    this.#lists = parts.lists;
    this.#views = parts.views;
  }

  /**
   * Page of repositories. Two requests, and one for each repository; two where pulls are recorded. Up to two more for
   * each whose newest manifest is not known yet. A filter for text reads names as the catalog does.
   */
  async list(caller: Caller, request: RepositoryListRequest = {}): Promise<RepositoryList> {
    const { q = "", last } = request;
    const sees: Caller["sees"] = (name) => name.includes(q) && caller.sees(name);
    const page = { limit: sizeOf(request.n), ...(last !== undefined && { after: last }) };
    const { items, next } = await this.#registry.listRepositories(page, { ...caller, sees });
    const facts = await this.#explorer.repositories(items);
    const found = await inParallel(items.entries(), PARALLEL_READS, async ([i, name]) => {
      // It was deleted meanwhile.
      if (facts[i] === undefined) return undefined;
      return (await this.#summarize(caller, name, facts[i], MAX_LISTED_TAGS)).summary;
    });
    return { repositories: found.filter((item) => item !== undefined), ...member("next", next) };
  }

  /**
   * A repository. One request, one for its tags, one for pulls where they are recorded, and up to six for the newest
   * manifest, its README and its config.
   */
  async get(caller: Caller, repository: RepositoryName): Promise<Repository> {
    assertSees(caller, repository);
    const [facts] = await this.#explorer.repositories([repository]);
    if (facts === undefined) throw unknownRepository(repository);
    const { summary, newest } = await this.#summarize(caller, repository, facts, MAX_COUNTED_TAGS);
    const about = newest === undefined ? {} : await this.#about(repository, newest);
    const { deletes, readOnly, immutable, signatures } = this.#rules;
    return {
      ...summary,
      ...about,
      rights: EVERY_ACTION.filter((action) => caller.may(action, repository)),
      immutable: await patternsFor(immutable, repository),
      deletes: readOnly ? { tags: false, manifests: false } : deletes,
      ...member("signatures", signatures?.(repository)),
    };
  }

  async #summarize(
    caller: Caller,
    repository: RepositoryName,
    { createdAt, bytes }: RepositoryFacts,
    most: number,
  ): Promise<{ summary: RepositorySummary; newest: TagFacts | undefined }> {
    const [tags, pulledAt] = await Promise.all([
      this.#explorer.tags(repository, { limit: most + 1 }),
      this.#rules.recordsPulls ? this.#explorer.lastPull(repository) : undefined,
    ]);
    const counted = tags.slice(0, most);
    const newest = counted.toSorted(byNewest)[0];
    return {
      newest,
      summary: {
        name: repository,
        createdAt: timeOf(createdAt),
        tags: { count: counted.length, more: tags.length > most },
        ...member("newest", newest && await this.#describe(caller, repository, newest)),
        ...member("pulledAt", pulledAt === undefined ? undefined : timeOf(pulledAt)),
        ...member("bytes", bytes),
      },
    };
  }

  async #describe(caller: Caller, repository: RepositoryName, newest: TagFacts): Promise<NewestTag> {
    const [details] = await this.#lists.details(caller, repository, [newest]);
    const { tag, digest, mediaType, kind, size, pushedAt, pushedBy } = details!;
    return {
      tag,
      digest,
      mediaType,
      kind,
      pushedAt,
      ...member("size", size),
      ...member("pushedBy", pushedBy),
    };
  }

  /** Texts and README of the newest tag: annotations of its manifest and of its first platform, and labels of the config. */
  async #about(repository: RepositoryName, { digest }: TagFacts): Promise<Partial<Repository>> {
    const manifest = await this.#library.manifest(repository, digest);
    if (manifest === undefined) return {};
    const image = await this.#firstImage(repository, manifest) ?? manifest;
    const [config, own, attached] = await Promise.all([
      this.#views.readConfig(repository, image.document),
      this.#views.readmeOf(repository, manifest.document),
      this.#attachedReadme(repository, manifest),
    ]);
    const labels = config.image?.labels ?? {};
    const texts = TEXTS.map((text) => {
      const key = `org.opencontainers.image.${text}`;
      const value = [manifest.document.annotations, image.document.annotations, labels]
        .map((texts) => Object.hasOwn(texts, key) ? texts[key] : undefined)
        .find((value) => value !== undefined && value !== "");
      return member(text, value);
    });
    return Object.assign({}, ...texts, member("readme", attached ?? own));
  }

  /** First platform of an index. */
  async #firstImage(
    repository: RepositoryName,
    { document }: ReadManifest,
  ): Promise<ReadManifest | undefined> {
    const child = document.children.find((part) => attestedBy(part) === undefined);
    const digest = digestIn(child?.digest);
    return digest && await this.#library.manifest(repository, digest);
  }

  /** README that is attached to the manifest as a referrer of type Markdown. */
  async #attachedReadme(repository: RepositoryName, { digest }: ReadManifest): Promise<Text | undefined> {
    const request = { artifactTypes: ["text/markdown", "application/markdown"] };
    const { items: [first] } = await this.#registry.listReferrers(repository, digest, request);
    const referrer = digestIn(first?.digest);
    const read = referrer && await this.#library.manifest(repository, referrer);
    return read && await this.#views.readmeOf(repository, read.document);
  }
}

/** Patterns of immutable tags for a repository, exceptions with an exclamation mark. */
async function patternsFor(rules: ApiRules["immutable"], repository: RepositoryName): Promise<string[]> {
  if (rules.length === 0) return [];
  const { globMatcher } = await import("../oci/glob.ts"); // few have rules
  return rules.filter(({ repositories }) => globMatcher(repositories)(repository))
    .flatMap(({ tags, except }) => [...tags, ...except.map((pattern) => `!${pattern}`)]);
}
