import { type Digest, isDigest, RegistryError } from "../../oci/mod.ts";
import type { TagCondition } from "../../registry/interface.ts";
import { entityTag } from "./headers.ts";

/** Entity tag (RFC 9110 §8.8.3). */
interface EntityTag {
  weak: boolean;
  /** Text between the quotes. */
  value: string;
}

const ENTITY_TAG = /(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"/y;
const SEPARATOR = /[ \t]*(?:,[ \t]*)*/y;

/** Entity tags of an `If-Match` or `If-None-Match` field; `undefined` for a malformed field. */
export function parseEntityTags(field: string): EntityTag[] | "*" | undefined {
  if (field.trim() === "*") return "*";
  const tags: EntityTag[] = [];
  let position = skip(SEPARATOR, field, 0);
  while (position < field.length) {
    ENTITY_TAG.lastIndex = position;
    const match = ENTITY_TAG.exec(field);
    if (match === null) return undefined;
    tags.push({ weak: match[1] !== undefined, value: match[2] ?? "" });
    position = skip(SEPARATOR, field, ENTITY_TAG.lastIndex);
    if (position < field.length && !field.slice(ENTITY_TAG.lastIndex, position).includes(",")) {
      return undefined;
    }
  }
  return tags.length === 0 ? undefined : tags;
}

function skip(pattern: RegExp, text: string, position: number): number {
  pattern.lastIndex = position;
  pattern.exec(text);
  return pattern.lastIndex;
}

/** Result of the preconditions of a read (RFC 9110 §13.2.2) if the content under the path is `digest`. */
export function evaluateRead(headers: Headers, digest: Digest): "proceed" | "not-modified" | "failed" {
  const ifMatch = headers.get("If-Match");
  if (ifMatch !== null && !names(ifMatch, digest, { weakly: false })) return "failed";
  const ifNoneMatch = headers.get("If-None-Match");
  return ifNoneMatch !== null && names(ifNoneMatch, digest, { weakly: true }) ? "not-modified" : "proceed";
}

/** True if a field contains the entity tag of `digest`. `weakly` accepts weak tags (RFC 9110 §8.8.3.2). */
function names(field: string, digest: Digest, options: { weakly: boolean }): boolean {
  // Docker's client library sends the digest as it stands, without quotes.
  if (field === digest) return true;
  const tags = parseEntityTags(field);
  if (tags === undefined) return false;
  return tags === "*" || tags.some((tag) => tag.value === digest && (options.weakly || !tag.weak));
}

/** True if `Range` applies although `If-Range` is present: only a strong match counts (RFC 9110 §13.1.5). */
export function rangeApplies(headers: Headers, digest: Digest): boolean {
  const ifRange = headers.get("If-Range");
  return ifRange === null || ifRange.trim() === entityTag(digest);
}

/** The 412 of a read. */
export function preconditionFailed(): RegistryError {
  return new RegistryError("DENIED", "The condition of the request failed", {
    status: 412,
  });
}

/**
 * The compare-and-swap that `If-Match` and `If-None-Match` of a push ask for; entity tags are quoted digests.
 *
 * @throws {RegistryError} 400 if a field is malformed.
 */
export function parseTagCondition(headers: Headers): TagCondition {
  const ifMatch = parseCondition(headers, "If-Match", { weakly: false });
  const ifNoneMatch = parseCondition(headers, "If-None-Match", { weakly: true });
  return {
    ...(ifMatch === undefined ? {} : { ifMatch }),
    ...(ifNoneMatch === undefined ? {} : { ifNoneMatch }),
  };
}

/** Digests that a field names. An entity tag that is not a digest matches nothing in the registry. */
function parseCondition(
  headers: Headers,
  name: string,
  options: { weakly: boolean },
): Digest[] | "*" | undefined {
  const field = headers.get(name);
  if (field === null) return undefined;
  const tags = parseEntityTags(field);
  if (tags === undefined) {
    throw new RegistryError("UNSUPPORTED", `Header '${name}' is malformed`, { status: 400 });
  }
  if (tags === "*") return "*";
  return tags.filter((tag) => options.weakly || !tag.weak).map((tag) => tag.value).filter(isDigest);
}
