import {
  isDigest,
  isRepositoryName,
  isTag,
  parseDigest,
  parseRepositoryName,
  type Reference,
  RegistryError,
} from "../oci/mod.ts";
import type { ApiPage, RegistryKind, Route } from "./endpoints.ts";
import { badParameter, type Parameters } from "./http/mod.ts";
import { methodNotAllowed, readOnly } from "./refusals.ts";

/** Longest position of a page: a sealed name of a repository. */
const MAX_POSITION_CHARACTERS = 1024;

/** Places below `<name>/_skerry/`. */
export type ApiPlace =
  | "repository"
  | "tags"
  | "tag"
  | "diff"
  | "manifests"
  | "history"
  | "referrers"
  | "contents"
  | "signatures";

/**
 * Parses a request for `<name>/_skerry/<place>`, or `<name>/_skerry/<place>/<last>`: the API in a repository.
 *
 * @throws {RegistryError} 405 for another method, 400 and 404 for a malformed value.
 */
export function parseRepositoryApi(
  method: string,
  name: string,
  place: ApiPlace,
  last: string,
  parameters: Parameters,
): Route<RegistryKind> {
  switch (place) {
    case "repository":
      return parseRepository(method, name, parameters);
    case "tags":
      return parseTags(method, name, parameters);
    case "tag":
      return parseTag(method, name, last, parameters);
    case "manifests":
      return parseManifest(method, name, last, parameters);
    case "diff": {
      const kind = readOnly(method, "diffManifests");
      const repository = parseRepositoryName(name);
      const [from, to] = [referenceIn(parameters, "from"), referenceIn(parameters, "to")];
      const fromRepository = parameters.one("fromRepository");
      if (fromRepository === undefined) return { kind, repository, from, to };
      if (!isRepositoryName(fromRepository)) throw badParameter("fromRepository", "must be a repository");
      return { kind, repository, from, to, fromRepository };
    }
    case "history": {
      const kind = readOnly(method, "getMoves");
      const repository = parseRepositoryName(name);
      if (!isTag(last)) throw unknownManifest();
      return { kind, repository, tag: last };
    }
    case "referrers": {
      const kind = readOnly(method, "findReferrers");
      const repository = parseRepositoryName(name);
      const digest = parseDigest(last);
      // A media type has no space: the client did not encode a plus sign.
      const artifactType = parameters.one("artifactType")?.replaceAll(" ", "+");
      return { kind, repository, digest, page: parseApiPage(parameters), ...optional({ artifactType }) };
    }
    case "contents":
    case "signatures":
      return {
        kind: readOnly(method, place === "contents" ? "inspectReferrer" : "getSignatures"),
        repository: parseRepositoryName(name),
        digest: parseDigest(last),
      };
  }
}

/** `n` and `last` of a list of the API. */
export function parseApiPage(parameters: Parameters): ApiPage {
  const n = parameters.one("n") ?? "";
  if (!/^[0-9]*$/.test(n)) {
    throw new RegistryError("PAGINATION_NUMBER_INVALID", "Parameter 'n' must be a number, 0 or more");
  }
  return {
    ...(n !== "" && { n: Math.min(Number(n), 10_000) }),
    ...optional({ last: parsePosition(parameters) }),
  };
}

/** `last` of a list of the API. */
export function parsePosition(parameters: Parameters): string | undefined {
  const last = parameters.one("last");
  if (last === undefined || last.length <= MAX_POSITION_CHARACTERS) return last;
  throw badParameter("last", "is too long");
}

/** Members whose values are not `undefined`. */
export function optional<T extends Record<string, unknown>>(
  members: T,
): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const known = Object.entries(members).filter(([, value]) => value !== undefined);
  return Object.fromEntries(known) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

function parseRepository(method: string, name: string, parameters: Parameters): Route<RegistryKind> {
  if (method === "DELETE") {
    const repository = parseRepositoryName(name);
    return { kind: "deleteRepository", repository, ...(isDryRun(parameters) && { dryRun: true }) };
  }
  return { kind: readOnly(method, "getRepository"), repository: parseRepositoryName(name) };
}

function parseTags(method: string, name: string, parameters: Parameters): Route<RegistryKind> {
  const kind = readOnly(method, "findTags");
  const repository = parseRepositoryName(name);
  const sort = parameters.one("sort");
  if (sort !== undefined && sort !== "name" && sort !== "newest") {
    throw badParameter("sort", "must be name or newest");
  }
  const q = parameters.one("q");
  return {
    kind,
    repository,
    page: parseApiPage(parameters),
    ...optional({ q }),
    ...(sort !== undefined && { sort }),
  };
}

function parseTag(method: string, name: string, tag: string, parameters: Parameters): Route<RegistryKind> {
  if (method !== "PUT" && method !== "DELETE") throw methodNotAllowed("moveTag");
  const repository = parseRepositoryName(name);
  if (!isTag(tag)) throw unknownManifest();
  const dryRun = isDryRun(parameters);
  if (method === "DELETE") return { kind: "removeTag", repository, tag, dryRun };
  return { kind: "moveTag", repository, tag, dryRun, digest: parseDigest(parameters.one("digest") ?? "") };
}

function parseManifest(
  method: string,
  name: string,
  text: string,
  parameters: Parameters,
): Route<RegistryKind> {
  if (method === "DELETE") {
    const repository = parseRepositoryName(name);
    return { kind: "removeManifest", repository, digest: parseDigest(text), dryRun: isDryRun(parameters) };
  }
  const kind = readOnly(method, "inspectManifest");
  const repository = parseRepositoryName(name);
  const reference = referenceOf(text);
  if (reference === undefined) throw unknownManifest();
  const from = parameters.one("from");
  if (from === undefined) return { kind, repository, reference };
  if (!/^[0-9]{1,6}$/.test(from)) throw badParameter("from", "must be a number");
  return { kind, repository, reference, from: Number(from) };
}

function referenceIn(parameters: Parameters, name: string): Reference {
  const reference = referenceOf(parameters.one(name) ?? "");
  if (reference === undefined) throw badParameter(name, "must be a tag or a digest");
  return reference;
}

function referenceOf(text: string): Reference | undefined {
  return isTag(text) ? { tag: text } : isDigest(text) ? { digest: text } : undefined;
}

function isDryRun(parameters: Parameters): boolean {
  const value = parameters.one("dryRun") ?? "false";
  if (value !== "true" && value !== "false") throw badParameter("dryRun", "must be true or false");
  return value === "true";
}

function unknownManifest(): RegistryError {
  return new RegistryError("MANIFEST_UNKNOWN", "No such manifest");
}
