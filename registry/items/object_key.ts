import { randomId } from "./random_id.ts";

/** Kind of content in an object. */
export type ObjectKind = "blob" | "manifest";

/**
 * Under which every object of one upload is found, and of no other. Objects of all uploads are spread over 4,096
 * folders, since file systems are slow with very many files in one.
 */
export function objectPrefix(kind: ObjectKind, uploadId: string): string {
  return `${kind}s/${uploadId.slice(0, 3)}/${uploadId}-`;
}

/** A key that no other object ever has. */
export function newObjectKey(prefix: string): string {
  return prefix + randomId();
}

/** The prefix that the key was made with. */
export function prefixOf(key: string): string {
  return key.slice(0, key.lastIndexOf("-") + 1);
}
