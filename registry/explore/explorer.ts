import type { Digest, RepositoryName, Tag } from "../../oci/mod.ts";
import type { TagMove } from "../registry.ts";

/** Number of things, counted up to a limit. */
export interface BoundedCount {
  /** Counted things. */
  count: number;
  /** True if there are more. */
  more: boolean;
}

/** First things of a list. */
export interface Some<T> {
  /** The first ones, up to a limit. */
  items: T[];
  /** True if there are more. */
  more: boolean;
}

/** Repository as the table has it. */
export interface RepositoryFacts {
  /** Milliseconds since the epoch. */
  createdAt: number;
  /** Counted bytes; only of a repository with a quota. */
  bytes?: number;
}

/** Tag as the table has it. Times are in milliseconds since the epoch. */
export interface TagFacts {
  /** The tag. */
  tag: Tag;
  /** Digest that it points to. */
  digest: Digest;
  /** Media type of its manifest. */
  mediaType: string;
  /** Bytes of its manifest. */
  manifestSize: number;
  /** Time of the last push of the tag. */
  pushedAt: number;
  /** Last move. */
  move: TagMove;
  /** Number of moves since the tag was created. */
  moves: number;
}

/** Manifest as the table has it. */
export interface ManifestFacts {
  /** Its digest. */
  digest: Digest;
  /** Media type of its push. */
  mediaType: string;
  /** Bytes of the manifest. */
  size: number;
  /** Digest of the manifest that it refers to. */
  subject?: string;
  /** Time of its last push, in milliseconds since the epoch. */
  pushedAt: number;
  /** Account that pushed it last. */
  pushedBy: string;
  /** Its bytes; absent if they are in the object store, because it is large. */
  bytes?: Uint8Array<ArrayBuffer>;
}

/** Referrer as the table has it. */
export interface ReferrerFacts {
  /** Subject. */
  subject: string;
  /** Digest of the referrer. */
  digest: Digest;
  /** Its artifact type; absent if it has none, or too much for the table to have it. */
  artifactType?: string;
  /** Position after which the next page begins. */
  position: string;
}

/** Upload that has not ended. */
export interface UploadFacts {
  /** Id of the upload. */
  id: string;
  /** Repository that it is for. */
  repository: RepositoryName;
  /** Account that started it. */
  principal: string;
  /** `committing` while a request makes it a blob. */
  state: "open" | "committing";
  /** Received bytes. */
  bytes: number;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

/** Blob of a repository. */
export interface BlobShare {
  /** Digest of the blob. */
  digest: Digest;
  /** Bytes; 0 if the blob does not exist, because a crash has left its link. */
  size: number;
  /** True if another repository has it too. */
  isShared: boolean;
}

/** Lease on background work. */
export interface LeaseFacts {
  /** Name of the work. */
  name: string;
  /** Time until which a process has it, in milliseconds since the epoch. */
  until: number;
  /** Part of the work that is done, from 0 to 1, if the lease has it. */
  done?: number;
}

/** Slice of a list that is in the order of its keys. */
export interface Slice {
  /** Only what sorts after this. */
  after?: string;
  /** Maximum entries. */
  limit: number;
}

/**
 * Reads of the table for pages, which clients of the specification do not need. No method checks rights. Each makes one
 * request of the table, if its comment says nothing else.
 */
export interface Explorer {
  /** Facts about repositories, `undefined` for one that does not exist. */
  repositories(names: readonly RepositoryName[]): Promise<(RepositoryFacts | undefined)[]>;

  /** Tags in the order of their names. */
  tags(repository: RepositoryName, slice: Slice): Promise<TagFacts[]>;

  /** Names of tags, in their order. Cheaper than {@linkcode Explorer.tags}. */
  tagNames(repository: RepositoryName, slice: Slice): Promise<Tag[]>;

  /** These tags, `undefined` for one that does not exist. */
  tagsNamed(repository: RepositoryName, tags: readonly Tag[]): Promise<(TagFacts | undefined)[]>;

  /** Times of the last recorded pulls of these tags, in milliseconds since the epoch. */
  pulls(repository: RepositoryName, tags: readonly Tag[]): Promise<(number | undefined)[]>;

  /** Time of the last recorded pull of the repository, among those of the first tags. */
  lastPull(repository: RepositoryName): Promise<number | undefined>;

  /** Predicate for immutable tags of the repository. Sends no request. */
  immutable(repository: RepositoryName): Promise<(tag: Tag) => boolean>;

  /** These manifests, `undefined` for one that does not exist. */
  manifests(
    repository: RepositoryName,
    digests: readonly Digest[],
  ): Promise<(ManifestFacts | undefined)[]>;

  /** Manifests whose digests begin with a text. */
  digestsFrom(repository: RepositoryName, start: string, limit: number): Promise<Digest[]>;

  /** Tags that point to a manifest. Two requests. */
  tagsOf(repository: RepositoryName, digest: Digest, limit: number): Promise<Some<Tag>>;

  /** Indexes that contain a manifest, and all manifests that reference a blob. */
  referencing(repository: RepositoryName, target: Digest, limit: number): Promise<Some<Digest>>;

  /** Number of referrers of a subject. */
  countReferrers(repository: RepositoryName, subject: string, limit: number): Promise<BoundedCount>;

  /** All referrers of a repository, by subject. */
  referrers(repository: RepositoryName, slice: Slice): Promise<ReferrerFacts[]>;

  /** Open uploads of one of the shards, in the order of their expiry. */
  uploads(shard: number, slice: Slice): Promise<{ uploads: UploadFacts[]; next?: string }>;

  /** Number of shards of {@linkcode Explorer.uploads}. Sends no request. */
  readonly uploadShards: number;

  /** An open upload. */
  upload(id: string): Promise<UploadFacts | undefined>;

  /** Blobs of a repository, in the order of their digests. One request, and one more for each blob. */
  blobs(repository: RepositoryName, slice: Slice): Promise<BlobShare[]>;

  /** Number and bytes of manifests, in the order of their digests. */
  manifestSizes(
    repository: RepositoryName,
    slice: Slice,
  ): Promise<{ count: number; bytes: number; next?: string }>;

  /** Counted bytes of the repositories whose names begin with `prefix` and for which `covers` says so. */
  usage(
    prefix: string,
    covers: (repository: RepositoryName) => boolean,
    limit: number,
  ): Promise<{ bytes: number; complete: boolean }>;

  /** Leases on background work. */
  leases(): Promise<LeaseFacts[]>;
}
