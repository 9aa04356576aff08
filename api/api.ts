import type { Action, Digest, Reference, RepositoryName, Tag } from "../oci/mod.ts";
import type { Caller, TagCondition } from "../registry/interface.ts";
import type {
  AccountTokenList,
  CollectionPreview,
  DeadLetterList,
  Diff,
  Explanation,
  ManifestDeletion,
  ManifestView,
  Me,
  OpenUploadList,
  QuotaList,
  ReferrerList,
  ReferrerView,
  Repository,
  RepositoryDeletion,
  RepositoryList,
  RetentionPreview,
  SearchPlace,
  SearchResult,
  SignatureView,
  Status,
  StorageList,
  TagChange,
  TagDeletion,
  TagHistory,
  TagList,
  WaitingEventList,
} from "./schemas/mod.ts";

/** Page of a list. */
export interface ListRequest {
  /** Maximum entries, 1 to 100; 25 by default. */
  n?: number;
  /** `next` of the previous page. */
  last?: string;
}

/** Filter and page of the list of repositories. */
export interface RepositoryListRequest extends ListRequest {
  /** Only names that contain this text. */
  q?: string;
}

/** Filter, order and page of the list of tags. */
export interface TagListRequest extends ListRequest {
  /** Only tags that contain this text. */
  q?: string;
  /** `name`: in the order of the names, the default. `newest`: the tag that was pushed last comes first. */
  sort?: "name" | "newest";
}

/** Part of a manifest with many layers or children. */
export interface PartRequest {
  /** Position of the first layer or child; 0 by default. A page has up to 200. */
  from?: number;
}

/** Two manifests to compare. */
export interface DiffRequest {
  /** Repository of `from`, if it is another one. */
  fromRepository?: RepositoryName;
  /** Manifest before the change. */
  from: Reference;
  /** Manifest after the change. */
  to: Reference;
}

/** Filter and page of the list of referrers. */
export interface ReferrerListRequest extends ListRequest {
  /** Only this artifact type. */
  artifactType?: string;
}

/** Text to search. */
export interface SearchRequest {
  /** Part of a repository's name, of a tag, of a value of an annotation, start of a digest; name of a package. */
  q: string;
  /** Places to search; names, tags and digests by default. `annotation` and `package` read content, so they take longer. */
  places?: readonly SearchPlace[];
  /** Only this repository. */
  repository?: RepositoryName;
  /** Version of the package; any by default. */
  version?: string;
  /** `next` of the previous page. */
  last?: string;
}

/** Options of a change. */
export interface ChangeOptions {
  /** True if nothing is changed, and the answer tells what would be. */
  dryRun?: boolean;
}

/**
 * Everything that pages and the HTTP API show, as plain values. Every answer has a schema in `schemas/`, and times are
 * RFC 3339.
 *
 * Each method checks the rights of the caller itself. For a repository that the caller may not pull from it throws the
 * same error as for one that does not exist: `NAME_UNKNOWN` (404). Missing content throws `MANIFEST_UNKNOWN` (404), a
 * change without the right to it `DENIED` (403), and a malformed `last` `UNSUPPORTED` (400).
 *
 * The number of table and object requests of each method is bounded: it does not grow with the repository.
 */
export interface Reads {
  /** The caller and its rights. */
  me(caller: Caller): Promise<Me>;

  /** Repositories that the caller may pull from, with their newest tags. */
  listRepositories(caller: Caller, request?: RepositoryListRequest): Promise<RepositoryList>;

  /** A repository with its README. */
  getRepository(caller: Caller, repository: RepositoryName): Promise<Repository>;

  /** Tags with facts about their manifests. */
  listTags(caller: Caller, repository: RepositoryName, request?: TagListRequest): Promise<TagList>;

  /** Manifest under a tag or digest, with its config and its place in the repository. */
  getManifest(
    caller: Caller,
    repository: RepositoryName,
    reference: Reference,
    request?: PartRequest,
  ): Promise<ManifestView>;

  /** Last moves of a tag, newest first. */
  getTagHistory(caller: Caller, repository: RepositoryName, tag: Tag): Promise<TagHistory>;

  /** Compares two manifests of a repository, or of two. */
  diff(caller: Caller, repository: RepositoryName, request: DiffRequest): Promise<Diff>;

  /**
   * Referrers of a digest and, for the first ones of a page, their own referrers. The first page also has what cosign and
   * the referrers tag schema attach by tags.
   */
  listReferrers(
    caller: Caller,
    repository: RepositoryName,
    subject: Digest,
    request?: ReferrerListRequest,
  ): Promise<ReferrerList>;

  /** Referrer with its contents: SBOM, provenance, VEX, vulnerability report, signature or text. */
  getReferrer(caller: Caller, repository: RepositoryName, digest: Digest): Promise<ReferrerView>;

  /** Signatures of a manifest, and the rules of the configuration that they meet. */
  getSignatures(caller: Caller, repository: RepositoryName, digest: Digest): Promise<SignatureView>;

  /** Searches names, tags, digests, annotations and packages of SBOMs, in as many repositories as one page may read. */
  search(caller: Caller, request: SearchRequest): Promise<SearchResult>;
}

/** Changes, with the rights, conditions and audit of the same changes under `/v2/`. */
export interface Changes {
  /**
   * Points a tag to a manifest of the repository: a new tag, or a rollback. Needs `push`, and `overwrite` to move an
   * existing tag. Throws 412 if the condition fails.
   */
  moveTag(
    caller: Caller,
    repository: RepositoryName,
    tag: Tag,
    target: Digest,
    options?: ChangeOptions & { condition?: TagCondition },
  ): Promise<TagChange>;

  /** Deletes a tag; needs `delete`. Its manifest stays. A move to the same digest undoes it. */
  deleteTag(
    caller: Caller,
    repository: RepositoryName,
    tag: Tag,
    options?: ChangeOptions,
  ): Promise<TagDeletion>;

  /** Deletes a manifest with the tags that point to it; needs `delete`. */
  deleteManifest(
    caller: Caller,
    repository: RepositoryName,
    digest: Digest,
    options?: ChangeOptions,
  ): Promise<ManifestDeletion>;

  /** Deletes a repository; needs `administer`. */
  deleteRepository(
    caller: Caller,
    repository: RepositoryName,
    options?: ChangeOptions,
  ): Promise<RepositoryDeletion>;
}

/** Policies' question: may this account do that there? */
export interface Question {
  /** `anonymous`, `user:<name>`, `robot:<name>`, `certificate:<name>` or `workload:<issuer>`. */
  who: string;
  /** Action, as in policies. */
  action: Action;
  /** Repository, which need not exist. */
  repository: RepositoryName;
  /** Claims of a workload. */
  claims?: Readonly<Record<string, string>>;
}

/**
 * Pages for administrators. Throws `DENIED` (403) for every other caller, and 404 for what the configuration does not
 * have.
 */
export interface Administration {
  /** Tokens of all robot accounts and users. `n` is at most 1000. */
  listTokens(caller: Caller, request?: ListRequest): Promise<AccountTokenList>;

  /** Open uploads of the whole registry. */
  listUploads(caller: Caller, request?: ListRequest): Promise<OpenUploadList>;

  /** Cancels an upload of any account. */
  cancelUpload(caller: Caller, id: string): Promise<void>;

  /** Quotas and their use. */
  listQuotas(caller: Caller): Promise<QuotaList>;

  /** Bytes of the repositories: those that a repository has alone, and those that it shares. */
  listStorage(caller: Caller, request?: Pick<ListRequest, "last">): Promise<StorageList>;

  /** Garbage that a full pass would remove, in one step of it. Removes nothing. */
  previewCollection(caller: Caller, request?: Pick<ListRequest, "last">): Promise<CollectionPreview>;

  /** Tags and manifests that retention would remove from a repository. Removes nothing. */
  previewRetention(caller: Caller, repository: RepositoryName): Promise<RetentionPreview>;

  /** Decision of the policies with its reasons. */
  explain(caller: Caller, question: Question): Promise<Explanation>;

  /** State of the process and of the background work. */
  status(caller: Caller): Promise<Status>;
}

/** Deliveries of events. Throws like {@linkcode Administration}, and 404 for an unknown dead letter. */
export interface Webhooks {
  /** Events that wait for webhooks, the oldest first. */
  listEvents(caller: Caller): Promise<WaitingEventList>;

  /** Events that a webhook has not accepted in all attempts. */
  listDeadLetters(caller: Caller, request?: ListRequest): Promise<DeadLetterList>;

  /** Delivers a dead letter again, from the first attempt on. */
  retryDeadLetter(caller: Caller, id: string): Promise<void>;

  /** Deletes a dead letter. */
  deleteDeadLetter(caller: Caller, id: string): Promise<void>;
}

/** All of the API. */
export interface Api extends Reads, Changes, Administration, Webhooks {}
