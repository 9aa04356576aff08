import type { Digest, RepositoryName, Tag } from "../../oci/mod.ts";

/** A manifest that the source serves by its digest, and tags of it. */
export interface SourceManifest {
  /** Digest under which it is stored. */
  digest: Digest;
  /** Media type by which the source serves it, if it is stored beside the manifest. */
  mediaType?: string | undefined;
  /** Tags that point to it; possibly not all of them. */
  tags: Tag[];
}

/** Part of the source that was not imported. */
export interface Finding {
  /**
   * Kind of the part: a name, a link or list of the source, a tag, a manifest, a blob. `kept-tag` is no damage: a tag
   * that a client of the destination has moved.
   */
  kind: "name" | "link" | "index" | "tag" | "manifest" | "blob" | "kept-tag";
  /** Repository, or the path of something that is none. */
  repository: string;
  /** Tag, if it is about one. */
  tag?: string;
  /** Digest of the manifest or blob. */
  digest?: string;
  /** Digest of the manifest that needs the blob. */
  manifest?: string;
  /** Description of the problem, a part of a sentence. */
  note: string;
}

/** Called for each part that was not imported. */
export type ReportFinding = (damage: Finding) => void;

/** Registry of another program, read from its storage. */
export interface SourceRegistry {
  /** Name of the format, for messages. */
  readonly format: string;
  /** Repositories with a name that is valid here. Reports others. */
  repositories(): AsyncIterable<RepositoryName>;
  /**
   * Manifests of a repository, except those that only a manifest among them references. One may come several times,
   * with further tags. Reports tags and digests that are not valid.
   */
  manifests(repository: RepositoryName): AsyncIterable<SourceManifest>;
  /** Paths at which the bytes of a manifest or blob of the repository may be, the likeliest first. */
  places(repository: RepositoryName, digest: Digest): AsyncIterable<string>;
}
