/** Counts of an import. */
export interface ImportReport {
  /** Repositories of the source. */
  repositories: number;
  /** Manifests that were pushed. */
  manifests: number;
  /** Manifests that the destination had. */
  presentManifests: number;
  /** Tags that were set. */
  tags: number;
  /** Tags that pointed to the same manifest. */
  presentTags: number;
  /** Tags that a client of the destination has moved; they stay. */
  keptTags: number;
  /** Blobs whose bytes were pushed. */
  blobs: number;
  /** Blobs that the destination had in another repository. */
  linkedBlobs: number;
  /** Bytes of the pushed blobs. */
  bytes: number;
  /** Parts of the source that were not imported. */
  damaged: number;
}

/** Counts of an import that has not begun. */
export function emptyReport(): ImportReport {
  return {
    repositories: 0,
    manifests: 0,
    presentManifests: 0,
    tags: 0,
    presentTags: 0,
    keptTags: 0,
    blobs: 0,
    linkedBlobs: 0,
    bytes: 0,
    damaged: 0,
  };
}
