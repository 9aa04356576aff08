import {
  type Digest,
  type DigestAlgorithm,
  type ErrorCode,
  isDescriptorDigest,
  isDigest,
  isDigestAlgorithm,
  isForeignDigest,
  isRepositoryName,
  isTag,
  parseDigest,
  parseReference,
  parseRepositoryName,
  type Reference,
  RegistryError,
  type RepositoryName,
  type Tag,
} from "../oci/mod.ts";
import { isSecretId } from "../auth/interface.ts";
import type { PageRequest } from "../registry/interface.ts";
import { badParameter, Parameters, type RawUrl } from "./http/mod.ts";

/** Content of the path and query, for each kind of route. */
export interface RouteFacts {
  /** `/`, the page for browsers. */
  home: unknown;
  /** `/livez`. */
  live: unknown;
  /** `/readyz`. */
  ready: unknown;
  /** `/startupz`. */
  startup: unknown;
  /** end-1. */
  base: unknown;
  /** end-2. */
  getBlob: { repository: RepositoryName; digest: Digest };
  /** end-10. */
  deleteBlob: { repository: RepositoryName; digest: Digest };
  /** end-3. */
  getManifest: { repository: RepositoryName; reference: Reference };
  /** end-7, `tags` by `?tag=`. */
  putManifest: { repository: RepositoryName; reference: Reference; tags: Tag[] };
  /** end-9. */
  deleteManifest: { repository: RepositoryName; reference: Reference };
  /** end-4a, end-4c. */
  startUpload: { repository: RepositoryName; algorithm?: DigestAlgorithm };
  /** end-11. */
  mountBlob: { repository: RepositoryName; digest: Digest; from?: RepositoryName };
  /** end-4b. */
  putBlob: { repository: RepositoryName; digest: Digest };
  /** end-13. */
  getUpload: { repository: RepositoryName; id: string };
  /** end-5. */
  appendUpload: { repository: RepositoryName; id: string };
  /** end-6. */
  commitUpload: { repository: RepositoryName; id: string; digest: Digest };
  /** end-14. */
  cancelUpload: { repository: RepositoryName; id: string };
  /** end-8. */
  listTags: { repository: RepositoryName; page: PageRequest };
  /** `_skerry/tags/history`. */
  getTagHistory: { repository: RepositoryName; tag: Tag };
  /** `_skerry/repository`. */
  deleteRepository: { repository: RepositoryName };
  /** end-12. */
  listReferrers: {
    repository: RepositoryName;
    /** Follows the grammar; its algorithm may be one that is unknown here, as that of a `subject` may. */
    subject: string;
    artifactTypes: string[];
    after?: string;
  };
  /** `_catalog`. */
  listRepositories: { page: PageRequest };
  /** `_oci/ext/discover`, of the registry where no repository is named. */
  discover: { repository?: RepositoryName };
  /** `GET /token`; `scopes` as they are written, each of them one or several. */
  getToken: { service?: string; scopes: string[]; offline: boolean; client?: string };
  /** `POST /token`: all that it says is in its body. */
  postToken: unknown;
  /** `/.well-known/jwks.json`. */
  getJwks: unknown;
  /** `GET /v2/_skerry/tokens`. */
  listCredentials: { page: PageRequest };
  /** `POST /v2/_skerry/tokens`: all that it says is in its body. */
  createCredential: unknown;
  /** `DELETE /v2/_skerry/tokens/<id>`. */
  revokeCredential: { id: string };
}

/** Kind of a route. */
export type RouteKind = keyof RouteFacts;

/**
 * Parsed request. Authorization and the handler decide on this same value, so it contains everything that the path and
 * query say. HEAD has the route of GET.
 */
export type Route<Kind extends RouteKind = RouteKind> = { [K in Kind]: { kind: K } & RouteFacts[K] }[Kind];

const UPLOAD_ID = /^[A-Za-z0-9-]{1,128}$/;

/** Most tags that one push of a manifest may set; distribution-spec end-7b wants at least ten. */
const MAX_TAGS = 100;

/**
 * The route of a request, from its method and the URL as it came: nothing is decoded or normalised, so `%`, `\`, `//`
 * and `..` are simply not in the grammar of anything.
 *
 * Names are read from the right, because `blobs`, `manifests`, `tags`, `referrers` and `uploads` are legal in them.
 *
 * @throws {RegistryError} 404 for an unknown path, 405 for a known one with another method, 400 for what is malformed,
 * 414 for what is too much.
 */
export function parseRoute(method: string, { path, query }: RawUrl): Route {
  const parameters = query === undefined ? NO_PARAMETERS : new Parameters(query);
  if (path.startsWith("/v2/") && path.length > 4) {
    return parseRegistryRoute(method, path.slice(4), parameters);
  }
  if (path === "/token") return parseTokenRoute(method, parameters);
  const kind = PLAIN_PATHS.get(path);
  if (kind === undefined) throw notFound();
  return { kind: readOnly(method, kind) };
}

const NO_PARAMETERS = new Parameters("");

const PLAIN_PATHS = new Map<string, "home" | "live" | "ready" | "startup" | "base" | "getJwks">([
  ["/", "home"],
  ["/livez", "live"],
  ["/readyz", "ready"],
  ["/startupz", "startup"],
  ["/v2", "base"],
  ["/v2/", "base"],
  ["/.well-known/jwks.json", "getJwks"],
]);

/** `/token`, with the parameters of https://distribution.github.io/distribution/spec/auth/token/ that mean something. */
function parseTokenRoute(method: string, parameters: Parameters): Route {
  if (method === "POST") return { kind: "postToken" };
  // Not HEAD: a client that requests a token needs the body.
  if (method !== "GET") throw methodNotAllowed("GET, POST");
  const service = parameters.one("service");
  const client = parameters.one("client_id");
  return {
    kind: "getToken",
    scopes: parameters.all("scope"),
    offline: parameters.one("offline_token") === "true",
    ...(service === undefined ? {} : { service }),
    ...(client === undefined ? {} : { client }),
  };
}

/** Route of a path after `/v2/`: `<name>/<collection>/<last>`. */
function parseRegistryRoute(method: string, path: string, parameters: Parameters): Route {
  const lastSlash = path.lastIndexOf("/");
  const slash = path.lastIndexOf("/", lastSlash - 1);
  const last = path.slice(lastSlash + 1);
  const collection = path.slice(slash + 1, Math.max(lastSlash, 0));
  const name = path.slice(0, Math.max(slash, 0));
  switch (collection) {
    case "manifests":
      return parseManifestRoute(method, name, last, parameters);
    case "blobs":
      return parseBlobRoute(method, name, last);
    case "uploads": {
      const repository = withoutSuffix(name, "blobs");
      if (repository === undefined) break;
      if (last === "") return parseUploadsRoute(method, repository, parameters);
      return parseUploadRoute(method, repository, last, parameters);
    }
    case "tags": {
      if (last === "list") return parseTagsRoute(method, name, parameters);
      const repository = withoutSuffix(name, "_skerry");
      if (last === "history" && repository !== undefined) {
        return parseTagHistoryRoute(method, repository, parameters);
      }
      break;
    }
    case "tokens":
      if (name !== "_skerry") break;
      return parseCredentialRoute(method, last);
    case "_skerry":
      if (name === "" && last === "tokens") return parseCredentialsRoute(method, parameters);
      if (last !== "repository") break;
      return parseRepositoryRoute(method, name);
    case "referrers":
      return parseReferrersRoute(method, name, last, parameters);
    case "ext": {
      const repository = withoutSuffix(name, "_oci");
      if (last !== "discover" || repository === undefined) break;
      const kind = readOnly(method, "discover");
      return repository === "" ? { kind } : { kind, repository: parseRepositoryName(repository) };
    }
  }
  if (path !== "_catalog") throw notFound();
  return { kind: readOnly(method, "listRepositories"), page: parsePage(parameters) };
}

/** end-3, end-7, end-9: `<name>/manifests/<tag-or-digest>`. */
function parseManifestRoute(method: string, name: string, text: string, parameters: Parameters): Route {
  switch (method) {
    case "GET":
    case "HEAD":
    case "DELETE": {
      const kind = method === "DELETE" ? "deleteManifest" : "getManifest";
      const repository = parseRepositoryName(name);
      if (isTag(text)) return { kind, repository, reference: { tag: text } };
      // What can't name a manifest names none: the specification's own suite asks for ".INVALID_MANIFEST_NAME".
      if (!text.includes(":")) throw unknown("MANIFEST_UNKNOWN", "manifest");
      return { kind, repository, reference: { digest: parseStoredDigest(text, "MANIFEST_UNKNOWN") } };
    }
    case "PUT": {
      const repository = parseRepositoryName(name);
      const reference = parseReference(text);
      return { kind: "putManifest", repository, reference, tags: parseTags(parameters, reference) };
    }
  }
  throw methodNotAllowed("GET, HEAD, PUT, DELETE");
}

/** end-2, end-10: `<name>/blobs/<digest>`. */
function parseBlobRoute(method: string, name: string, text: string): Route {
  if (method !== "GET" && method !== "HEAD" && method !== "DELETE") {
    throw methodNotAllowed("GET, HEAD, DELETE");
  }
  const kind = method === "DELETE" ? "deleteBlob" : "getBlob";
  return { kind, repository: parseRepositoryName(name), digest: parseStoredDigest(text, "BLOB_UNKNOWN") };
}

/** end-4, end-11: `<name>/blobs/uploads/`. */
function parseUploadsRoute(method: string, name: string, parameters: Parameters): Route {
  if (method !== "POST") throw methodNotAllowed("POST");
  const repository = parseRepositoryName(name);
  const mount = parameters.one("mount");
  if (mount !== undefined) {
    const digest = parseDigest(mount);
    const from = parameters.one("from");
    if (from === undefined) return { kind: "mountBlob", repository, digest };
    if (isRepositoryName(from)) return { kind: "mountBlob", repository, digest, from };
    // A repository of that name can't be, and a mount of what is not there is an ordinary upload.
    return { kind: "startUpload", repository };
  }
  const digest = parameters.one("digest");
  if (digest !== undefined) return { kind: "putBlob", repository, digest: parseDigest(digest) };
  const algorithm = parameters.one("digest-algorithm");
  if (algorithm === undefined) return { kind: "startUpload", repository };
  if (isDigestAlgorithm(algorithm)) return { kind: "startUpload", repository, algorithm };
  throw new RegistryError("DIGEST_INVALID", "Digest algorithm is not supported");
}

/** end-5, end-6, end-13, end-14: `<name>/blobs/uploads/<id>`. */
function parseUploadRoute(method: string, name: string, id: string, parameters: Parameters): Route {
  const kind = UPLOAD_METHODS.get(method);
  if (kind === undefined) throw methodNotAllowed("GET, HEAD, PATCH, PUT, DELETE");
  const repository = parseRepositoryName(name);
  if (!UPLOAD_ID.test(id)) throw unknown("BLOB_UPLOAD_UNKNOWN", "upload");
  if (kind !== "commitUpload") return { kind, repository, id };
  return { kind, repository, id, digest: parseDigest(parameters.one("digest") ?? "") };
}

const UPLOAD_METHODS = new Map<string, "getUpload" | "appendUpload" | "commitUpload" | "cancelUpload">([
  ["GET", "getUpload"],
  ["HEAD", "getUpload"],
  ["PATCH", "appendUpload"],
  ["PUT", "commitUpload"],
  ["DELETE", "cancelUpload"],
]);

/** end-8: `<name>/tags/list`. */
function parseTagsRoute(method: string, name: string, parameters: Parameters): Route {
  const kind = readOnly(method, "listTags");
  return { kind, repository: parseRepositoryName(name), page: parsePage(parameters) };
}

/** Our own extension: `<name>/_skerry/tags/history?tag=<tag>`. */
function parseTagHistoryRoute(method: string, name: string, parameters: Parameters): Route {
  const kind = readOnly(method, "getTagHistory");
  const repository = parseRepositoryName(name);
  const tag = parameters.one("tag");
  if (tag === undefined || !isTag(tag)) throw badParameter("tag", "must be a tag");
  return { kind, repository, tag };
}

/** Our own extension: `<name>/_skerry/repository`. */
function parseRepositoryRoute(method: string, name: string): Route {
  if (method !== "DELETE") throw methodNotAllowed("DELETE");
  return { kind: "deleteRepository", repository: parseRepositoryName(name) };
}

/** Our own extension: `_skerry/tokens`. */
function parseCredentialsRoute(method: string, parameters: Parameters): Route {
  if (method === "POST") return { kind: "createCredential" };
  if (method !== "GET" && method !== "HEAD") throw methodNotAllowed("GET, HEAD, POST");
  return { kind: "listCredentials", page: parsePage(parameters) };
}

/** Our own extension: `_skerry/tokens/<id>`. */
function parseCredentialRoute(method: string, id: string): Route {
  if (!isSecretId(id)) throw notFound();
  if (method !== "DELETE") throw methodNotAllowed("DELETE");
  return { kind: "revokeCredential", id };
}

/** end-12: `<name>/referrers/<digest>`. */
function parseReferrersRoute(method: string, name: string, subject: string, parameters: Parameters): Route {
  const kind = readOnly(method, "listReferrers");
  const repository = parseRepositoryName(name);
  if (!isDescriptorDigest(subject)) throw malformedDigest(subject);
  // A media type contains no space: it is a plus sign that the client did not encode.
  const artifactTypes = parameters.all("artifactType").map((type) => type.replaceAll(" ", "+"));
  const after = parseAfter(parameters);
  return { kind, repository, subject, artifactTypes, ...(after === undefined ? {} : { after }) };
}

/** `n` and `last` of distribution-spec §"Listing Tags"; an empty `n` counts as absent. */
function parsePage(parameters: Parameters): PageRequest {
  const n = parameters.one("n") ?? "";
  if (!/^[0-9]*$/.test(n)) {
    throw new RegistryError("PAGINATION_NUMBER_INVALID", "Parameter 'n' must be a number, 0 or more");
  }
  const after = parseAfter(parameters);
  return {
    ...(n === "" ? {} : { limit: Math.min(Number(n), Number.MAX_SAFE_INTEGER) }),
    ...(after === undefined ? {} : { after }),
  };
}

/** `last`, cut to a length that no name or digest has, which keeps its place among them. */
function parseAfter(parameters: Parameters): string | undefined {
  return parameters.one("last")?.slice(0, 256);
}

/** `?tag=` of end-7b, each one once. */
function parseTags(parameters: Parameters, reference: Reference): Tag[] {
  const tags = parameters.all("tag");
  if (tags.length === 0) return [];
  if ("tag" in reference) throw badParameter("tag", "needs a digest in the path");
  if (tags.length > MAX_TAGS) {
    throw new RegistryError("UNSUPPORTED", `Cannot set more than ${MAX_TAGS} tags at once`, { status: 414 });
  }
  const valid = tags.filter(isTag);
  if (valid.length < tags.length) throw badParameter("tag", "must be a tag");
  return [...new Set(valid)];
}

/** A digest of something stored: an algorithm that is unknown here has nothing stored under it. */
function parseStoredDigest(text: string, code: ErrorCode): Digest {
  if (isDigest(text)) return text;
  throw isForeignDigest(text) ? unknown(code, "digest") : malformedDigest(text);
}

/** Part of the path before `/suffix`, possibly empty; `undefined` if the path does not end with it. */
function withoutSuffix(path: string, suffix: string): string | undefined {
  if (path === suffix) return "";
  return path.endsWith(`/${suffix}`) ? path.slice(0, -suffix.length - 1) : undefined;
}

/** `kind` where the method is GET, or HEAD, which is the same without the body. */
function readOnly<Kind>(method: string, kind: Kind): Kind {
  if (method === "GET" || method === "HEAD") return kind;
  throw methodNotAllowed("GET, HEAD");
}

function unknown(code: ErrorCode, what: string): RegistryError {
  return new RegistryError(code, `No such ${what} here`);
}

function malformedDigest(text: string): RegistryError {
  return new RegistryError("DIGEST_INVALID", "Digest is malformed", {
    detail: { digest: text.slice(0, 256) },
  });
}

function notFound(): RegistryError {
  return new RegistryError("UNSUPPORTED", "No such path", { status: 404 });
}

function methodNotAllowed(allow: string): RegistryError {
  return new RegistryError("UNSUPPORTED", "Method is not allowed here", { headers: { Allow: allow } });
}
