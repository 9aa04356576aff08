import { createHash } from "node:crypto";
import type { RepositoryName } from "../oci/mod.ts";

/** Cache tag of every answer that a shared cache may store. */
export const EVERYTHING_TAG = "skerry";

/** Characters of a hash in a cache tag. Two equal ones only purge too much. */
const TAG_CHARACTERS = 16;

/** Cache tag of a repository. Names are hashed, because they are longer than some CDNs allow. */
export function repositoryTag(repository: RepositoryName): string {
  return `r-${createHash("sha256").update(repository).digest("hex").slice(0, TAG_CHARACTERS)}`;
}

/** Cache tag of a digest, in every repository. */
export function digestTag(digest: string): string {
  return `d-${digest.slice(digest.indexOf(":") + 1).slice(0, TAG_CHARACTERS)}`;
}
