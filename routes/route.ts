import {
  type Digest,
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
  type Tag,
} from "../oci/mod.ts";
import type { RegistryKind, Route, RouteKind } from "./endpoints.ts";
import { badParameter, type Parameters } from "./http/mod.ts";
import { parseRepositoryApi } from "./repository_api_route.ts";
import { MAX_CATALOG_PLACE_CHARACTERS, parseAfter, parsePage } from "./page_request.ts";
import { methodNotAllowed, noSuchPath, readOnly } from "./refusals.ts";

export type { RegistryKind, Route, RouteFacts, RouteKind } from "./endpoints.ts";

const UPLOAD_ID = /^[A-Za-z0-9-]{1,128}$/;

/** Largest number of tags in one push of a manifest; distribution-spec end-7b requires at least ten. */
const MAX_TAGS = 100;

/** Reads the route from the method, the raw path and the query of a request. */
export type ReadRoute<Kind extends RouteKind = RouteKind> = (
  method: string,
  path: string,
  parameters: Parameters,
) => Route<Kind>;

/**
 * Parses method and raw path of a request for `/v2/<name>/...`, the catalog or the extensions. Nothing is decoded or
 * normalized: no grammar allows `%`, `\`, `//` or `..`, so they are refused.
 *
 * Repository names end where the last path segments begin, since `blobs`, `manifests`, `tags`, `referrers` and `uploads`
 * are legal parts of a name.
 *
 * @throws {RegistryError} 404 for an unknown path, 405 for another method, 400 for a malformed value, 414 for too many
 * tags.
 */
export function parseRoute(method: string, path: string, parameters: Parameters): Route<RegistryKind> {
  if (path.startsWith("/v2/")) return parseRegistryRoute(method, path.slice(4), parameters);
  throw noSuchPath();
}

/** Path after `/v2/`: `<name>/<collection>/<last>`. */
function parseRegistryRoute(method: string, path: string, parameters: Parameters): Route<RegistryKind> {
  const lastSlash = path.lastIndexOf("/");
  const slash = path.lastIndexOf("/", lastSlash - 1);
  const last = path.slice(lastSlash + 1);
  const collection = path.slice(slash + 1, Math.max(lastSlash, 0));
  const name = path.slice(0, Math.max(slash, 0));
  switch (collection) {
    case "manifests": {
      const repository = withoutSuffix(name, "_skerry");
      if (repository === undefined) return parseManifestRoute(method, name, last, parameters);
      return parseRepositoryApi(method, repository, "manifests", last, parameters);
    }
    case "blobs":
      return parseBlobRoute(method, name, last);
    case "uploads": {
      const repository = withoutSuffix(name, "blobs");
      if (repository === undefined) break;
      if (last === "") return parseUploadsRoute(method, repository, parameters);
      return parseUploadRoute(method, repository, last, parameters);
    }
    case "tags": {
      const repository = withoutSuffix(name, "_skerry");
      if (last === "list" && repository === undefined) return parseTagsRoute(method, name, parameters);
      if (repository === undefined) break;
      if (last === "history") return parseTagHistoryRoute(method, repository, parameters);
      break;
    }
    case "tag":
    case "history":
    case "contents":
    case "signatures": {
      const repository = withoutSuffix(name, "_skerry");
      if (repository === undefined) break;
      return parseRepositoryApi(method, repository, collection, last, parameters);
    }
    case "_skerry":
      if (name === "" || last !== "repository" && last !== "tags" && last !== "diff") break;
      return parseRepositoryApi(method, name, last, "", parameters);
    case "referrers": {
      const repository = withoutSuffix(name, "_skerry");
      if (repository === undefined) return parseReferrersRoute(method, name, last, parameters);
      return parseRepositoryApi(method, repository, "referrers", last, parameters);
    }
    case "ext": {
      const repository = withoutSuffix(name, "_oci");
      if (last !== "discover" || repository === undefined) break;
      const kind = readOnly(method, "discover");
      return repository === "" ? { kind } : { kind, repository: parseRepositoryName(repository) };
    }
  }
  if (path !== "_catalog") throw noSuchPath();
  const kind = readOnly(method, "listRepositories");
  return { kind, page: parsePage(parameters, MAX_CATALOG_PLACE_CHARACTERS) };
}

/** end-3, end-7, end-9: `<name>/manifests/<tag-or-digest>`. */
function parseManifestRoute(
  method: string,
  name: string,
  text: string,
  parameters: Parameters,
): Route<RegistryKind> {
  switch (method) {
    case "GET":
    case "HEAD":
    case "DELETE": {
      const kind = method === "DELETE" ? "deleteManifest" : "getManifest";
      const repository = parseRepositoryName(name);
      if (isTag(text)) return { kind, repository, reference: { tag: text } };
      // 404 and not 400: the specification's conformance suite requests ".INVALID_MANIFEST_NAME".
      if (!text.includes(":")) throw unknown("MANIFEST_UNKNOWN", "manifest");
      return { kind, repository, reference: { digest: parseStoredDigest(text, "MANIFEST_UNKNOWN") } };
    }
    case "PUT": {
      const repository = parseRepositoryName(name);
      const reference = parseReference(text);
      return { kind: "putManifest", repository, reference, tags: parseTags(parameters, reference) };
    }
  }
  throw methodNotAllowed("getManifest");
}

/** end-2, end-10: `<name>/blobs/<digest>`. */
function parseBlobRoute(method: string, name: string, text: string): Route<RegistryKind> {
  if (method !== "GET" && method !== "HEAD" && method !== "DELETE") {
    throw methodNotAllowed("getBlob");
  }
  const kind = method === "DELETE" ? "deleteBlob" : "getBlob";
  return { kind, repository: parseRepositoryName(name), digest: parseStoredDigest(text, "BLOB_UNKNOWN") };
}

/** end-4, end-11: `<name>/blobs/uploads/`. */
function parseUploadsRoute(method: string, name: string, parameters: Parameters): Route<RegistryKind> {
  if (method !== "POST") throw methodNotAllowed("startUpload");
  const repository = parseRepositoryName(name);
  const mount = parameters.one("mount");
  if (mount !== undefined) {
    const digest = parseDigest(mount);
    const from = parameters.one("from");
    if (from === undefined) return { kind: "mountBlob", repository, digest };
    if (isRepositoryName(from)) return { kind: "mountBlob", repository, digest, from };
    // No repository can have this name. A mount from a repository without the blob starts an upload (end-11).
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
function parseUploadRoute(
  method: string,
  name: string,
  id: string,
  parameters: Parameters,
): Route<RegistryKind> {
  const kind = UPLOAD_METHODS.get(method);
  if (kind === undefined) throw methodNotAllowed("getUpload");
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
function parseTagsRoute(method: string, name: string, parameters: Parameters): Route<RegistryKind> {
  const kind = readOnly(method, "listTags");
  return { kind, repository: parseRepositoryName(name), page: parsePage(parameters) };
}

/** Extension of Skerry: `<name>/_skerry/tags/history?tag=<tag>`. */
function parseTagHistoryRoute(method: string, name: string, parameters: Parameters): Route<RegistryKind> {
  const kind = readOnly(method, "getTagHistory");
  const repository = parseRepositoryName(name);
  const tag = parameters.one("tag");
  if (tag === undefined || !isTag(tag)) throw badParameter("tag", "must be a tag");
  return { kind, repository, tag };
}

/** end-12: `<name>/referrers/<digest>`. */
function parseReferrersRoute(
  method: string,
  name: string,
  subject: string,
  parameters: Parameters,
): Route<RegistryKind> {
  const kind = readOnly(method, "listReferrers");
  const repository = parseRepositoryName(name);
  if (!isDescriptorDigest(subject)) throw malformedDigest(subject);
  // A media type has no space: the client did not encode a plus sign.
  const artifactTypes = parameters.all("artifactType").map((type) => type.replaceAll(" ", "+"));
  const after = parseAfter(parameters);
  return { kind, repository, subject, artifactTypes, ...(after === undefined ? {} : { after }) };
}

/** Parses `?tag=` of end-7b and drops repeated tags. */
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

/** Parses the digest of stored content. 404 for a digest of an unsupported algorithm: no content is stored under it. */
function parseStoredDigest(text: string, code: ErrorCode): Digest {
  if (isDigest(text)) return text;
  throw isForeignDigest(text) ? unknown(code, "digest") : malformedDigest(text);
}

/** Path before `/suffix`, empty if `path` is the suffix; `undefined` if it ends differently. */
function withoutSuffix(path: string, suffix: string): string | undefined {
  if (path === suffix) return "";
  return path.endsWith(`/${suffix}`) ? path.slice(0, -suffix.length - 1) : undefined;
}

function unknown(code: ErrorCode, what: string): RegistryError {
  return new RegistryError(code, `No such ${what}`);
}

function malformedDigest(text: string): RegistryError {
  return new RegistryError("DIGEST_INVALID", "Digest is malformed", {
    detail: { digest: text.slice(0, 256) },
  });
}
