import { type Digest, isTag, type RepositoryName, type Tag } from "../oci/mod.ts";
import type { Caller, Explorer, Registry } from "../registry/interface.ts";
import { inParallel } from "../storage/ports.ts";
import type { ReferrerListRequest } from "./api.ts";
import { artifactKind, isIndexType } from "./artifact_kind.ts";
import type { Library, ReadManifest } from "./library.ts";
import type { ManifestViews } from "./manifest_views.ts";
import { MAX_CONTENT_BYTES, readContent } from "./contents/mod.ts";
import type { CoreOptions } from "./options.ts";
import { assertSees } from "./sight.ts";
import type { InnerReferrer, Referrer, ReferrerContent, ReferrerList, ReferrerView } from "./schemas/mod.ts";
import { badCursor, digestIn, member, sizeOf } from "./values.ts";

/** Referrers of a page whose own referrers are looked up, and those of each. */
const MAX_OPENED = 10;
const MAX_INNER = 10;

/** Blobs of a referrer that are read. */
const MAX_CONTENTS = 8;

/** Requests at the same time. */
const PARALLEL_READS = 8;

/** Endings of the tags by which cosign attaches content, and the referrers tag schema, which has none. */
const TAG_ENDINGS = ["", ".sig", ".att", ".sbom"] as const;

/** Descriptor as a list of referrers has it. */
interface Listed {
  digest: string;
  mediaType: string;
  size: number;
  artifactType?: string;
  annotations?: Record<string, string>;
}

/** Referrers of manifests, and their contents. */
export class Referrers {
  readonly #registry: Registry;
  readonly #explorer: Explorer;
  readonly #library: Library;
  readonly #views: ManifestViews;

  /** Referrers over the registry. */
  constructor({ registry, explorer }: CoreOptions, library: Library, views: ManifestViews) {
    this.#registry = registry;
    this.#explorer = explorer;
    this.#library = library;
    this.#views = views;
  }

  /**
   * Page of referrers. One request for the subject, one for the list in most cases, one for each of the first referrers;
   * and on the first page two for what is attached by tags.
   */
  async list(
    caller: Caller,
    repository: RepositoryName,
    subject: Digest,
    { n, last, artifactType }: ReferrerListRequest = {},
  ): Promise<ReferrerList> {
    assertSees(caller, repository);
    if (last !== undefined && digestIn(last) === undefined) throw badCursor();
    const limit = sizeOf(n);
    const [found, page, tagged] = await Promise.all([
      this.#explorer.manifests(repository, [subject]),
      this.#registry.listReferrers(repository, subject, {
        artifactTypes: artifactType === undefined ? [] : [artifactType],
        ...member("after", last),
      }),
      last === undefined ? this.#taggedFor(repository, subject, artifactType) : [],
    ]);
    const known = new Set(page.items.map(({ digest }) => digest));
    const shown = page.items.slice(0, limit);
    const next = page.items.length > limit ? shown.at(-1)!.digest : page.next;
    const own = await inParallel(shown.entries(), PARALLEL_READS, async ([i, item]): Promise<Referrer> => {
      const inner = i < MAX_OPENED ? await this.#innerOf(repository, item.digest) : undefined;
      return { ...describe(item), ...member("referrers", inner) };
    });
    return {
      name: repository,
      subject,
      exists: found[0] !== undefined,
      referrers: [...tagged.filter(({ digest }) => !known.has(digest)), ...own],
      ...member("next", next),
    };
  }

  /** A referrer with its contents: up to three requests, and two for each of its first blobs. */
  async get(caller: Caller, repository: RepositoryName, digest: Digest): Promise<ReferrerView> {
    const read = await this.#views.find(caller, repository, { digest });
    const { document } = read;
    const blobs = document.layers;
    const contents = await inParallel(
      blobs.slice(0, MAX_CONTENTS),
      2,
      async (blob): Promise<ReferrerContent> => {
        const content = await this.#library.blob(repository, blob.digest, MAX_CONTENT_BYTES);
        return readContent(blob, document, content);
      },
    );
    return {
      name: repository,
      ...describeRead(read),
      contents,
      blobs: { count: contents.length, more: blobs.length > contents.length },
      ...member("subject", document.subject?.digest),
    };
  }

  /** Referrers of a referrer. */
  async #innerOf(repository: RepositoryName, digest: string): Promise<Referrer["referrers"]> {
    const { items, next } = await this.#registry.listReferrers(repository, digest, { artifactTypes: [] });
    const shown = items.slice(0, MAX_INNER);
    return { items: shown.map(describe), more: items.length > shown.length || next !== undefined };
  }

  /** Content that is attached by the names of tags, `sha256-<hex>` with an ending. */
  async #taggedFor(
    repository: RepositoryName,
    subject: Digest,
    artifactType: string | undefined,
  ): Promise<Referrer[]> {
    const tags = TAG_ENDINGS.map((ending) => `${subject.replace(":", "-")}${ending}`).filter((tag) =>
      isTag(tag)
    );
    const found = await this.#explorer.tagsNamed(repository, tags as Tag[]);
    const targets = found.filter((tag) => tag !== undefined);
    if (targets.length === 0) return [];
    const reads = await this.#library.manifests(repository, targets.map(({ digest }) => digest));
    const referrers = targets.flatMap(({ tag }, i): Referrer[] => {
      const read = reads[i];
      if (read === undefined || read === "unread") return [];
      // The referrers tag schema has an index of descriptors (distribution-spec §"Referrers Tag Schema").
      return isIndexType(read.mediaType)
        ? read.document.children.map((child) => ({ ...describe(child), tag }))
        : [{ ...describeRead(read), tag }];
    });
    return artifactType === undefined
      ? referrers
      : referrers.filter((referrer) => referrer.artifactType === artifactType);
  }
}

function describe({ digest, mediaType, size, artifactType, annotations = {} }: Listed): InnerReferrer {
  return {
    digest,
    mediaType,
    // The type of a referrer is that of the artifact, or of the config of an image.
    kind: artifactKind({ mediaType, artifactType, configType: artifactType }),
    manifestSize: size,
    annotations,
    ...member("artifactType", artifactType),
  };
}

function describeRead({ digest, mediaType, size, document }: ReadManifest): InnerReferrer {
  const { kind, artifactType, annotations } = document;
  return {
    digest,
    mediaType,
    kind,
    manifestSize: size,
    annotations,
    ...member("artifactType", artifactType),
  };
}
