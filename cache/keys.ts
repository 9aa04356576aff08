import type { Digest, RepositoryName } from "../oci/mod.ts";

/** Key of a manifest or blob of a repository. Neither part has a space in it. */
export function keyOf(repository: RepositoryName, digest: Digest): string {
  return `${repository} ${digest}`;
}
