import { RegistryError } from "../../oci/mod.ts";
import type { Registry } from "../registry.ts";

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

/** A registry that can only be read. */
export function readOnly(registry: Registry): Registry {
  const refused = refuse("The registry is read-only");
  return {
    ...registry,
    startUpload: refused,
    getUpload: refused,
    appendUpload: refused,
    commitUpload: refused,
    cancelUpload: refused,
    putBlob: refused,
    mountBlob: refused,
    putManifest: refused,
    deleteTag: refused,
    deleteManifest: refused,
    deleteBlob: refused,
    deleteRepository: refused,
  };
}

function refuse(message: string): () => Promise<never> {
  return () => Promise.reject(new RegistryError("UNSUPPORTED", message));
}
