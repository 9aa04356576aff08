import type { Digest, RepositoryName } from "../oci/mod.ts";

/** A blob or a large manifest whose object was found missing. */
export interface LostContent {
  /** Kind of the content. */
  kind: "blob" | "manifest";
  /** Repository of the request that found it. Other repositories may also link to a blob. */
  repository: RepositoryName;
  /** Digest of the content. */
  digest: Digest;
  /** Key of the missing object. */
  object: string;
}
