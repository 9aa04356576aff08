import type { Digest, RepositoryName } from "../oci/mod.ts";

/** A blob whose object was found missing. */
export interface LostBlob {
  /** The repository of the request that found it. Other repositories may have the blob as well. */
  repository: RepositoryName;
  /** The blob. */
  digest: Digest;
  /** Key of the missing object. */
  object: string;
}
