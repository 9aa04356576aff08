import type { Digest, RepositoryName } from "../oci/mod.ts";

/** A blob whose object was found missing. */
export interface LostBlob {
  /** Repository of the request that found it. Other repositories may also link to the blob. */
  repository: RepositoryName;
  /** Digest of the blob. */
  digest: Digest;
  /** Key of the missing object. */
  object: string;
}
