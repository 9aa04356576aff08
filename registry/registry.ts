import type { Descriptor, Digest, DigestAlgorithm, Reference, RepositoryName, Tag } from "../oci/mod.ts";
import type { Caller } from "./caller.ts";
import type { Changed } from "./change.ts";
import type { ByteRange } from "../storage/ports.ts";

/** A stream of bytes, as a request body is and as a response takes it. */
export type ByteStream = ReadableStream<Uint8Array<ArrayBuffer>>;

/** A manifest as it was pushed. */
export interface Manifest {
  /** Digest of its bytes. */
  digest: Digest;
  /** Media type of its push, without parameters. */
  mediaType: string;
  /** Exactly the bytes pushed. */
  bytes: Uint8Array<ArrayBuffer>;
}

/** Digest and size of a blob, without its bytes. */
export interface BlobInfo {
  /** Digest of its bytes. */
  digest: Digest;
  /** Bytes. */
  size: number;
}

/** Maximum size of a blob that is read as a whole and cached, in bytes: larger than the configuration of nearly every image. */
export const MAX_SMALL_BLOB_BYTES = 65_536;

/** A blob that is being read. */
export interface BlobReader extends BlobInfo {
  /** All bytes, if they are in memory: verified, and the same array for every caller. */
  bytes?: Uint8Array<ArrayBuffer>;
  /**
   * Opens the whole blob or a range within it. May be called several times. The caller reads each stream to its end or
   * cancels it; no object is opened before the first call.
   */
  open(range?: ByteRange): Promise<ByteStream>;
  /**
   * URL of the store from which every client can read the blob for a limited time; `undefined` if there is none now.
   * Absent if the store has no such URLs. Sends no request to the home store; a replica may be asked if it has the object.
   */
  url?(): Promise<string | undefined>;
}

/** Progress of an upload. */
export interface UploadStatus {
  /** `[A-Za-z0-9-]+`, unguessable. */
  id: string;
  /** Number of received bytes, which is the offset of the next chunk. */
  offset: number;
}

/** Bytes that come with a request of an upload. */
export interface UploadBody {
  /** Bytes of the body. The registry is its only reader. A byte stream (BYOB) costs less. */
  stream: ByteStream;
  /** Milliseconds without a byte after which the body is given up. */
  idle: number;
  /** Aborted when the process stops: the body ends there, and what came of it counts as if the client had broken off. */
  stop?: AbortSignal;
  /** Length of the body in bytes, if the client announced it (`Content-Length`). */
  length?: number;
  /** Position of these bytes in the blob, if the client announced it (`Content-Range`); both inclusive. */
  range?: ByteRange;
}

/** A manifest to be pushed. */
export interface ManifestPush {
  /** Bytes of the manifest, which are stored unchanged. */
  bytes: Uint8Array<ArrayBuffer>;
  /** `Content-Type` of the request without parameters; `undefined` without one. */
  contentType: string | undefined;
  /** The digest or the tag in the path. */
  reference: Reference;
  /** More tags (`?tag=`), only with a digest in the path. */
  tags: Tag[];
  /** Compare-and-swap on every tag that this push sets (RFC 9110 §13.1). */
  condition: TagCondition;
}

/** Required state of a tag before it is moved (`If-Match`, `If-None-Match`); digests are the entity tags. */
export interface TagCondition {
  /** The tag must point at one of these (`*`: at anything). */
  ifMatch?: Digest[] | "*";
  /** The tag must point at none of these (`*`: must not exist). */
  ifNoneMatch?: Digest[] | "*";
}

/** Result of a push of a manifest. */
export interface ManifestReceipt {
  /** Digest of the manifest, in the algorithm of the path. */
  digest: Digest;
  /** The digest of the manifest that this one refers to by `subject`; it may be of an algorithm unknown here. */
  subject?: string;
  /** Every tag that was set. */
  tags: Tag[];
}

/** Page of a list; `next` is the last item of the page, absent on the last page. */
export interface Page<T> {
  /** In the order of the list. */
  items: T[];
  /** Last item of the page; absent on the last page. */
  next?: string;
}

/** Page of a list. */
export interface PageRequest {
  /** At most this many, 0 for none; absent for as many as there may be in one page. */
  limit?: number;
  /** Only what sorts after this, which need not exist. */
  after?: string;
}

/** Move of a tag. */
export interface TagMove {
  /** Digest that the tag pointed to from then on. */
  digest: Digest;
  /** Media type of the manifest. */
  mediaType: string;
  /** Milliseconds since the epoch. */
  at: number;
  /** The principal that moved it. */
  by: string;
}

/** Filter and page of a list of referrers. */
export interface ReferrersRequest {
  /** Only those of one of these artifact types; empty for all. */
  artifactTypes: string[];
  /** Only those after this digest. */
  after?: string;
  /** Aborted when the client does not wait for the answer any more. */
  signal?: AbortSignal;
}

/** Options of the delete of a repository. */
export interface RepositoryDeletion {
  /** Deletes nothing. Returns what would be deleted. */
  dryRun?: boolean;
  /** Called for each deletion. */
  changed?: Changed;
}

/** Result of the delete of a repository. */
export interface RepositoryRemoval {
  /** Deleted tags. */
  tags: number;
  /** Deleted manifests. */
  manifests: number;
  /** Number of blobs that the repository has lost. */
  blobs: number;
  /** Blobs that it still has, for a manifest that was pushed meanwhile or may be on its way. */
  kept: number;
}

/** Options of a read of a manifest. */
export interface ReadOptions {
  /** True if the client's next push depends on the answer (HEAD), so a cached answer must be validated. */
  exact?: boolean;
  /** Client that pulls the manifest. Absent for reads of the registry itself, which need no signature. */
  puller?: Pick<Caller, "name">;
}

/** Pull: reads of a repository. They throw `MANIFEST_UNKNOWN` or `BLOB_UNKNOWN` for missing content. */
export interface Reader {
  /** end-3. */
  getManifest(repository: RepositoryName, reference: Reference, options?: ReadOptions): Promise<Manifest>;
  /** Digest that a tag points to now, read from the table: a cache must not answer it. */
  resolveTag(repository: RepositoryName, tag: Tag): Promise<Digest>;
  /** end-2, HEAD. Counts as a use of the blob for the collector. */
  statBlob(repository: RepositoryName, digest: Digest): Promise<BlobReader>;
  /** end-2, GET. */
  getBlob(repository: RepositoryName, digest: Digest): Promise<BlobReader>;
}

/** Pushing. */
export interface Writer {
  /** end-4: starts an upload. `algorithm` is the announced algorithm of the digest. */
  startUpload(
    repository: RepositoryName,
    principal: string,
    algorithm?: DigestAlgorithm,
  ): Promise<UploadStatus>;
  /** end-13. Throws `BLOB_UPLOAD_UNKNOWN` for an id that does not exist or belongs to another repository or principal. */
  getUpload(repository: RepositoryName, principal: string, id: string): Promise<UploadStatus>;
  /**
   * end-5: appends the body. Throws {@linkcode OffsetMismatch} (416) if the range does not begin at the offset or
   * another request won.
   */
  appendUpload(
    repository: RepositoryName,
    principal: string,
    id: string,
    body: UploadBody,
  ): Promise<UploadStatus>;
  /** end-6: appends the body, if any, and makes the whole the blob `digest`. Idempotent until the upload expires. */
  commitUpload(
    repository: RepositoryName,
    principal: string,
    id: string,
    digest: Digest,
    body?: UploadBody,
  ): Promise<BlobInfo>;
  /** end-14. */
  cancelUpload(repository: RepositoryName, principal: string, id: string): Promise<void>;
  /** end-4b: a whole blob in one request. */
  putBlob(repository: RepositoryName, principal: string, digest: Digest, body: UploadBody): Promise<BlobInfo>;
  /**
   * end-11: links a blob of another repository to this one. `undefined` if the blob does not exist or the caller may
   * not read it. Without `from`, any repository that the caller may read can be the source.
   */
  mountBlob(
    repository: RepositoryName,
    caller: Caller,
    digest: Digest,
    from: RepositoryName | undefined,
  ): Promise<BlobInfo | undefined>;
  /**
   * end-7: puts a manifest with tags. Throws `DENIED` if a tag points elsewhere and is immutable, or the caller may not
   * `overwrite`. Everything that the push has written by then stays.
   */
  putManifest(repository: RepositoryName, caller: Caller, push: ManifestPush): Promise<ManifestReceipt>;
}

/** Deletes. Missing content throws as in {@linkcode Reader}. */
export interface Deleter {
  /** end-9 with a tag: the manifest stays. Throws `DENIED` if the tag is immutable. */
  deleteTag(repository: RepositoryName, tag: Tag, changed?: Changed): Promise<void>;
  /**
   * end-9 with a digest: deletes the manifest and every tag that points to it. Throws `DENIED` if one of the tags is
   * immutable.
   */
  deleteManifest(repository: RepositoryName, digest: Digest, changed?: Changed): Promise<void>;
  /** end-10: the repository's link to the blob; the bytes are the collector's business. */
  deleteBlob(repository: RepositoryName, digest: Digest): Promise<void>;
  /**
   * Deletes everything in the repository, including immutable tags; garbage collection removes the bytes. Safe beside
   * pushes: a push that is acknowledged meanwhile may stay, and is then complete. Throws `NAME_UNKNOWN` if the
   * repository does not exist.
   */
  deleteRepository(repository: RepositoryName, options?: RepositoryDeletion): Promise<RepositoryRemoval>;
}

/** Content discovery. Lists are in the order of the names' UTF-8 bytes. */
export interface Lister {
  /** end-8. Throws `NAME_UNKNOWN` for a repository that nothing was ever pushed to. */
  listTags(repository: RepositoryName, page: PageRequest): Promise<Page<Tag>>;
  /** The last moves of a tag, newest first. */
  getTagHistory(repository: RepositoryName, tag: Tag): Promise<TagMove[]>;
  /** end-12: descriptors of the manifests whose subject is this digest of any algorithm, in pages bounded by bytes. */
  listReferrers(
    repository: RepositoryName,
    subject: string,
    request: ReferrersRequest,
  ): Promise<Page<Descriptor>>;
  /**
   * Digests of manifests that contain the manifest as a child: indexes, in the order of their digests. A hint: a push that
   * failed, or a deleted manifest, may still be listed.
   */
  listIndexes(repository: RepositoryName, child: Digest, page: PageRequest): Promise<Page<Digest>>;
  /** `_catalog` of the Docker registry API: the repositories that the caller may pull from. */
  listRepositories(page: PageRequest, caller: Caller): Promise<Page<RepositoryName>>;
}

/** Everything a registry does, knowing no HTTP. Whatever restricts or speeds it up takes one and is one. */
export interface Registry extends Reader, Writer, Deleter, Lister {}
