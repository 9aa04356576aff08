import type { Action, Digest, DigestAlgorithm, Reference, RepositoryName, Tag } from "../oci/mod.ts";
import type { PageRequest } from "../registry/interface.ts";

/** Page of a list of the API: `n` and `last`. */
export interface ApiPage {
  /** Maximum entries. */
  n?: number;
  /** `next` of the previous page. */
  last?: string;
}

/** Values in the path and the query of each kind of request. {@linkcode ENDPOINTS} has the requests themselves. */
export interface RouteFacts {
  /** Page for browsers. */
  home: unknown;
  /** Liveness probe. */
  live: unknown;
  /** Readiness probe. */
  ready: unknown;
  /** Startup probe. */
  startup: unknown;
  /** Check that this is a registry. */
  base: unknown;
  /** Pull of a blob. */
  getBlob: { repository: RepositoryName; digest: Digest };
  /** Delete of a blob. */
  deleteBlob: { repository: RepositoryName; digest: Digest };
  /** Pull of a manifest. */
  getManifest: { repository: RepositoryName; reference: Reference };
  /** Push of a manifest. `tags` are the values of `?tag=`, each once. */
  putManifest: { repository: RepositoryName; reference: Reference; tags: Tag[] };
  /** Delete of a tag or a manifest. */
  deleteManifest: { repository: RepositoryName; reference: Reference };
  /** Start of an upload. */
  startUpload: { repository: RepositoryName; algorithm?: DigestAlgorithm };
  /** Mount of a blob of another repository; of any repository without `from`. */
  mountBlob: { repository: RepositoryName; digest: Digest; from?: RepositoryName };
  /** Push of a blob in one request. */
  putBlob: { repository: RepositoryName; digest: Digest };
  /** Progress of an upload. */
  getUpload: { repository: RepositoryName; id: string };
  /** Next chunk of an upload. */
  appendUpload: { repository: RepositoryName; id: string };
  /** End of an upload. */
  commitUpload: { repository: RepositoryName; id: string; digest: Digest };
  /** Cancellation of an upload. */
  cancelUpload: { repository: RepositoryName; id: string };
  /** Tags of a repository. */
  listTags: { repository: RepositoryName; page: PageRequest };
  /** Moves of a tag. */
  getTagHistory: { repository: RepositoryName; tag: Tag };
  /** Delete of a repository. */
  deleteRepository: { repository: RepositoryName; dryRun?: true };
  /** Referrers of a digest. */
  listReferrers: {
    repository: RepositoryName;
    /** Any digest of the specification's grammar: a subject may have an algorithm that Skerry does not support. */
    subject: string;
    artifactTypes: string[];
    after?: string;
  };
  /** Repositories. */
  listRepositories: { page: PageRequest };
  /** Extensions of a repository; of the registry without `repository`. */
  discover: { repository?: RepositoryName };
  /** Access token. Each of `scopes` is one value of `?scope=`, which may contain several scopes. */
  getToken: { service?: string; scopes: string[]; offline: boolean; client?: string };
  /** Access token; the parameters are in the body. */
  postToken: unknown;
  /** Public signing keys. */
  getJwks: unknown;
  /** Robot tokens and personal access tokens. */
  listAccountTokens: { page: PageRequest };
  /** New token; its terms are in the body. */
  createAccountToken: unknown;
  /** Revocation of a token. */
  revokeAccountToken: { id: string };
  /** OpenAPI document of the API. */
  getApiDescription: unknown;
  /** The caller and its rights. */
  getMe: unknown;
  /** Repositories with their newest tags. */
  findRepositories: { page: ApiPage; q?: string };
  /** Search over names, tags, digests, annotations and packages. */
  search: { q: string; places: string[]; repository?: RepositoryName; version?: string; last?: string };
  /** Tokens of all accounts, for administrators. */
  listAllTokens: { page: ApiPage };
  /** Open uploads of all accounts. */
  listUploads: { page: ApiPage };
  /** Cancellation of an upload of any account. */
  cancelAnyUpload: { id: string };
  /** Events that wait for webhooks. */
  listEvents: unknown;
  /** Events that a webhook has not accepted. */
  listDeadLetters: { page: ApiPage };
  /** New delivery of a dead letter. */
  retryDeadLetter: { id: string };
  /** Delete of a dead letter. */
  deleteDeadLetter: { id: string };
  /** Quotas and their use. */
  listQuotas: unknown;
  /** Storage by repository. */
  listStorage: { last?: string };
  /** Dry run of garbage collection. */
  previewCollection: { last?: string };
  /** Dry run of retention. */
  previewRetention: { repository: RepositoryName };
  /** Explained decision of the policies. */
  explainPolicy: { who: string; action: Action; repository: RepositoryName; claims: Record<string, string> };
  /** State of the process and of the background work. */
  getStatus: unknown;
  /** A repository with its README. */
  getRepository: { repository: RepositoryName };
  /** Tags with facts about their manifests. */
  findTags: { repository: RepositoryName; page: ApiPage; q?: string; sort?: "name" | "newest" };
  /** Manifest with its config and its place in the repository. */
  inspectManifest: { repository: RepositoryName; reference: Reference; from?: number };
  /** Moves of a tag, and which of their manifests exist. */
  getMoves: { repository: RepositoryName; tag: Tag };
  /** Comparison of two manifests. */
  diffManifests: {
    repository: RepositoryName;
    from: Reference;
    to: Reference;
    fromRepository?: RepositoryName;
  };
  /** Referrers with their own referrers. */
  findReferrers: { repository: RepositoryName; digest: Digest; page: ApiPage; artifactType?: string };
  /** Signatures of a manifest. */
  getSignatures: { repository: RepositoryName; digest: Digest };
  /** Contents of a referrer. */
  inspectReferrer: { repository: RepositoryName; digest: Digest };
  /** Move of a tag to a manifest of the repository. */
  moveTag: { repository: RepositoryName; tag: Tag; digest: Digest; dryRun: boolean };
  /** Delete of a tag, with an answer about what stays. */
  removeTag: { repository: RepositoryName; tag: Tag; dryRun: boolean };
  /** Delete of a manifest, with an answer about what goes and stays. */
  removeManifest: { repository: RepositoryName; digest: Digest; dryRun: boolean };
}

/** Kind of a request, named after its handler. */
export type RouteKind = keyof RouteFacts;

/** Kind of a request for the web UI, for the log: `routes/ui` has their paths. */
export type UiKind = "page" | "form" | "asset";

/**
 * Kind of a request with all values of its path and query. Authorization and the handler read this same value and
 * nothing else of the URL. HEAD has the route of GET.
 */
export type Route<Kind extends RouteKind = RouteKind> = { [K in Kind]: { kind: K } & RouteFacts[K] }[Kind];

/** Kinds of requests of the API that belong to no repository. */
export type ApiServiceKind =
  | "getApiDescription"
  | "getMe"
  | "findRepositories"
  | "search"
  | "listAllTokens"
  | "listUploads"
  | "cancelAnyUpload"
  | "listEvents"
  | "listDeadLetters"
  | "retryDeadLetter"
  | "deleteDeadLetter"
  | "listQuotas"
  | "listStorage"
  | "previewCollection"
  | "previewRetention"
  | "explainPolicy"
  | "getStatus";

/** Kinds of requests of the API in a repository. */
export type RepositoryApiKind =
  | "getRepository"
  | "findTags"
  | "inspectManifest"
  | "getMoves"
  | "diffManifests"
  | "findReferrers"
  | "inspectReferrer"
  | "getSignatures"
  | "moveTag"
  | "removeTag"
  | "removeManifest";

/** Kinds of requests that are routes of Hono: `/v2/`, and the paths beside the specification. */
export type ServiceKind =
  | "base"
  | "home"
  | "live"
  | "ready"
  | "startup"
  | "getToken"
  | "postToken"
  | "getJwks"
  | "listAccountTokens"
  | "createAccountToken"
  | "revokeAccountToken";

/** Kinds of requests that `parseRoute` reads. */
export type RegistryKind = Exclude<RouteKind, ServiceKind | ApiServiceKind>;

type Methods = "GET" | "GET, HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";

/**
 * Row of the endpoint table: number in distribution-spec (empty for other endpoints), methods, path with query, and
 * every status that the endpoint answers besides {@linkcode COMMON_STATUSES}.
 */
export type Endpoint = readonly [id: string, methods: Methods, target: `/${string}`, ...statuses: number[]];

/** Endpoints of each kind of request. A new kind does not compile without a row; docs/http-api.md has the same rows. */
export const ENDPOINTS: { readonly [Kind in RouteKind]: readonly [Endpoint, ...Endpoint[]] } = {
  home: [["", "GET, HEAD", "/", 200]],
  live: [["", "GET, HEAD", "/livez", 200]],
  ready: [["", "GET, HEAD", "/readyz", 200, 503]],
  startup: [["", "GET, HEAD", "/startupz", 200, 503]],
  base: [
    ["end-1", "GET, HEAD", "/v2/", 200],
    ["", "GET, HEAD", "/v2", 200],
  ],
  getBlob: [["end-2", "GET, HEAD", "/v2/<name>/blobs/<digest>", 200, 206, 304, 307, 400, 404, 412, 416]],
  deleteBlob: [["end-10", "DELETE", "/v2/<name>/blobs/<digest>", 202, 400, 404, 405]],
  getManifest: [["end-3", "GET, HEAD", "/v2/<name>/manifests/<tag or digest>", 200, 304, 400, 404, 412]],
  putManifest: [
    ["end-7a", "PUT", "/v2/<name>/manifests/<tag or digest>", 201, 400, 405, 408, 412, 413],
    ["end-7b", "PUT", "/v2/<name>/manifests/<digest>?tag=<tag>", 201, 400, 405, 408, 412, 413, 414],
  ],
  deleteManifest: [["end-9", "DELETE", "/v2/<name>/manifests/<tag or digest>", 202, 400, 404, 405]],
  startUpload: [
    ["end-4a", "POST", "/v2/<name>/blobs/uploads/", 202, 400, 405],
    ["end-4c", "POST", "/v2/<name>/blobs/uploads/?digest-algorithm=<algorithm>", 202, 400, 405],
  ],
  mountBlob: [
    ["end-11", "POST", "/v2/<name>/blobs/uploads/?mount=<digest>&from=<name>", 201, 202, 400, 405],
    ["", "POST", "/v2/<name>/blobs/uploads/?mount=<digest>", 201, 202, 400, 405],
  ],
  putBlob: [["end-4b", "POST", "/v2/<name>/blobs/uploads/?digest=<digest>", 201, 400, 405, 408, 413, 416]],
  getUpload: [["end-13", "GET, HEAD", "/v2/<name>/blobs/uploads/<id>", 204, 400, 404, 405]],
  appendUpload: [["end-5", "PATCH", "/v2/<name>/blobs/uploads/<id>", 202, 400, 404, 405, 408, 413, 416]],
  commitUpload: [
    ["end-6", "PUT", "/v2/<name>/blobs/uploads/<id>?digest=<digest>", 201, 400, 404, 405, 408, 413, 416],
  ],
  cancelUpload: [["end-14", "DELETE", "/v2/<name>/blobs/uploads/<id>", 204, 400, 404, 405, 416]],
  listTags: [["end-8", "GET, HEAD", "/v2/<name>/tags/list?n=<number>&last=<tag>", 200, 400, 404]],
  getTagHistory: [["", "GET, HEAD", "/v2/<name>/_skerry/tags/history?tag=<tag>", 200, 400, 404]],
  deleteRepository: [
    ["", "DELETE", "/v2/<name>/_skerry/repository", 202, 400, 404, 405],
    ["", "DELETE", "/v2/<name>/_skerry/repository?dryRun=true", 200, 400, 404, 405],
  ],
  listReferrers: [["end-12", "GET, HEAD", "/v2/<name>/referrers/<digest>?artifactType=<type>", 200, 400]],
  listRepositories: [["", "GET, HEAD", "/v2/_catalog?n=<number>&last=<name>", 200, 400]],
  discover: [
    ["", "GET, HEAD", "/v2/_oci/ext/discover", 200],
    ["", "GET, HEAD", "/v2/<name>/_oci/ext/discover", 200, 400],
  ],
  getToken: [["", "GET", "/token?service=<service>&scope=<scope>", 200, 400, 404]],
  postToken: [["", "POST", "/token", 200, 400, 404, 408, 413]],
  getJwks: [["", "GET, HEAD", "/.well-known/jwks.json", 200, 404]],
  listAccountTokens: [["", "GET, HEAD", "/v2/_skerry/tokens?n=<number>&last=<id>", 200, 400, 404]],
  createAccountToken: [["", "POST", "/v2/_skerry/tokens", 201, 400, 404, 408, 413]],
  revokeAccountToken: [["", "DELETE", "/v2/_skerry/tokens/<id>", 204, 404]],
  getApiDescription: [["", "GET, HEAD", "/v2/_skerry/openapi.json", 200, 404]],
  getMe: [["", "GET, HEAD", "/v2/_skerry/me", 200, 404]],
  findRepositories: [
    ["", "GET, HEAD", "/v2/_skerry/repositories?q=<text>&n=<number>&last=<next>", 200, 400, 404],
  ],
  search: [["", "GET, HEAD", "/v2/_skerry/search?q=<text>&place=<place>&last=<next>", 200, 400, 404]],
  listAllTokens: [["", "GET, HEAD", "/v2/_skerry/admin/tokens?n=<number>&last=<next>", 200, 400, 404]],
  listUploads: [["", "GET, HEAD", "/v2/_skerry/admin/uploads?n=<number>&last=<next>", 200, 400, 404]],
  cancelAnyUpload: [["", "DELETE", "/v2/_skerry/admin/uploads/<id>", 204, 404, 405, 416]],
  listEvents: [["", "GET, HEAD", "/v2/_skerry/admin/events", 200, 404]],
  listDeadLetters: [
    ["", "GET, HEAD", "/v2/_skerry/admin/dead-letters?n=<number>&last=<next>", 200, 400, 404],
  ],
  retryDeadLetter: [["", "POST", "/v2/_skerry/admin/dead-letters/<id>", 204, 404]],
  deleteDeadLetter: [["", "DELETE", "/v2/_skerry/admin/dead-letters/<id>", 204, 404]],
  listQuotas: [["", "GET, HEAD", "/v2/_skerry/admin/quotas", 200, 404]],
  listStorage: [["", "GET, HEAD", "/v2/_skerry/admin/storage?last=<next>", 200, 400, 404]],
  previewCollection: [["", "GET, HEAD", "/v2/_skerry/admin/collection?last=<next>", 200, 400, 404]],
  previewRetention: [["", "GET, HEAD", "/v2/_skerry/admin/retention?repository=<name>", 200, 400, 404]],
  explainPolicy: [
    [
      "",
      "GET, HEAD",
      "/v2/_skerry/admin/explain?who=<account>&action=<action>&repository=<name>",
      200,
      400,
      404,
    ],
  ],
  getStatus: [["", "GET, HEAD", "/v2/_skerry/admin/status", 200, 404]],
  getRepository: [["", "GET, HEAD", "/v2/<name>/_skerry/repository", 200, 400, 404]],
  findTags: [
    ["", "GET, HEAD", "/v2/<name>/_skerry/tags?q=<text>&sort=<order>&n=<number>&last=<next>", 200, 400, 404],
  ],
  inspectManifest: [
    ["", "GET, HEAD", "/v2/<name>/_skerry/manifests/<tag or digest>?from=<number>", 200, 400, 404],
  ],
  getMoves: [["", "GET, HEAD", "/v2/<name>/_skerry/history/<tag>", 200, 400, 404]],
  diffManifests: [
    ["", "GET, HEAD", "/v2/<name>/_skerry/diff?from=<tag or digest>&to=<tag or digest>", 200, 400, 404],
  ],
  findReferrers: [
    ["", "GET, HEAD", "/v2/<name>/_skerry/referrers/<digest>?artifactType=<type>", 200, 400, 404],
  ],
  inspectReferrer: [["", "GET, HEAD", "/v2/<name>/_skerry/contents/<digest>", 200, 400, 404]],
  getSignatures: [["", "GET, HEAD", "/v2/<name>/_skerry/signatures/<digest>", 200, 400, 404]],
  moveTag: [
    ["", "PUT", "/v2/<name>/_skerry/tag/<tag>?digest=<digest>&dryRun=<boolean>", 200, 400, 404, 405, 412],
  ],
  removeTag: [["", "DELETE", "/v2/<name>/_skerry/tag/<tag>?dryRun=<boolean>", 200, 400, 404, 405]],
  removeManifest: [
    ["", "DELETE", "/v2/<name>/_skerry/manifests/<digest>?dryRun=<boolean>", 200, 400, 404, 405],
  ],
};

/**
 * Statuses that any endpoint may answer: login and access, rate limits, quotas and failures. 499 is in the log only: the
 * client has closed the request.
 */
export const COMMON_STATUSES: readonly number[] = [401, 403, 429, 499, 500, 503, 507];

/** `Allow` of a 405 (RFC 9110 §15.5.6): every method of the endpoints on the path of `kind`. */
export function methodsBeside(kind: RouteKind): string {
  return joinMethods(endpointsBeside(kind));
}

/** `Allow` when the registry refuses a write: the methods on the same path that it never refuses with 405. */
export function methodsLeftBeside(kind: RouteKind): string {
  return joinMethods(endpointsBeside(kind).filter(([, , , ...statuses]) => !statuses.includes(405)));
}

/** Paths of the kind, with placeholders as in the table. */
export function pathsOf(kind: RouteKind): string[] {
  return ENDPOINTS[kind].map(pathOf);
}

/** Template of the kind's path, as OpenTelemetry writes `http.route`: `/v2/{name}/manifests/{reference}`. */
export function templateOf(kind: RouteKind | UiKind): string {
  if (!Object.hasOwn(ENDPOINTS, kind)) return `ui/${kind}`;
  const [first] = ENDPOINTS[kind as RouteKind];
  return pathOf(first).replace("<tag or digest>", "{reference}").replaceAll(/<(\w+)>/g, "{$1}");
}

const BY_PATH = Map.groupBy(Object.values(ENDPOINTS).flat(), pathOf);

function endpointsBeside(kind: RouteKind): Endpoint[] {
  return BY_PATH.get(pathOf(ENDPOINTS[kind][0])) ?? [];
}

function pathOf([, , target]: Endpoint): string {
  return target.split("?", 1)[0]!;
}

const METHOD_ORDER = ["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE"];

function joinMethods(endpoints: Endpoint[]): string {
  const methods = new Set(endpoints.flatMap(([, methods]) => methods.split(", ")));
  return METHOD_ORDER.filter((method) => methods.has(method)).join(", ");
}
