import { RegistryError } from "../../oci/mod.ts";
import type { Lister, Reader, Registry } from "../registry.ts";

/** Kinds of content that clients may delete. */
export interface DeleteSwitches {
  /** Tags, the manifests staying. */
  tags: boolean;
  /** Manifests by their digests, and their tags with them. */
  manifests: boolean;
  /** A repository's links to blobs. */
  blobs: boolean;
}

/** A registry that refuses the deletes that are switched off, and no others (CVE-2026-41888). */
export function withDeletes(registry: Registry, allowed: DeleteSwitches): Registry {
  return {
    ...registry,
    deleteTag: allowed.tags ? registry.deleteTag : refuse("Deleting tags is disabled"),
    deleteManifest: allowed.manifests ? registry.deleteManifest : refuse("Deleting manifests is disabled"),
    deleteBlob: allowed.blobs ? registry.deleteBlob : refuse("Deleting blobs is disabled"),
    deleteRepository: allowed.tags && allowed.manifests && allowed.blobs
      ? registry.deleteRepository
      : refuse("Deleting repositories is disabled"),
  };
}

/**
 * Methods that only read: the only ones that {@linkcode readOnly} lets through. A method that is added to `Reader` or
 * `Lister` has to be listed here to compile; any other one is refused.
 */
const READS: Readonly<Record<keyof Reader | keyof Lister, true>> = {
  getManifest: true,
  resolveTag: true,
  statBlob: true,
  getBlob: true,
  listTags: true,
  getTagHistory: true,
  listReferrers: true,
  listIndexes: true,
  listRepositories: true,
};

/** A registry that refuses everything except reads. */
export function readOnly(registry: Registry): Registry {
  const refused = refuse("The registry is read-only");
  const methods = Object.entries(registry)
    .map(([name, method]) => [name, Object.hasOwn(READS, name) ? method : refused]);
  return Object.fromEntries(methods) as unknown as Registry;
}

function refuse(message: string): () => Promise<never> {
  return () => Promise.reject(new RegistryError("UNSUPPORTED", message));
}
