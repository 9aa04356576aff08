import type { Digest, RepositoryName } from "../../oci/mod.ts";
import type { BlobReader, Manifest } from "../registry.ts";

/** Content that a client is likely to request after a manifest: children of an index, and blobs. */
export interface NextReads {
  /** Manifests of the same repository. */
  manifests: Digest[];
  /** Blobs of the same repository. */
  blobs: Digest[];
}

/** Reads content before it is requested: one consistent batch for each call. Absent content is left out. */
export interface AheadReads {
  /** Content that the manifest names, bounded in number. Empty for a manifest that is large or cannot be parsed. */
  next: (manifest: Manifest) => NextReads;
  /** Manifests whose bytes are in the table and that are not condemned: the others need more than a read. */
  manifests: (repository: RepositoryName, digests: Digest[]) => Promise<Map<Digest, Manifest>>;
  /** Blobs that the repository has. */
  blobs: (repository: RepositoryName, digests: Digest[]) => Promise<Map<Digest, BlobReader>>;
}
