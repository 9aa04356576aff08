import type { Digest, RepositoryName } from "../../oci/mod.ts";
import { NOT_STORED } from "./answer.ts";

/** The entity tag of content: its digest, so it is strong (RFC 9110 §8.8.3). */
export function entityTag(digest: Digest): string {
  return `"${digest}"`;
}

/**
 * Headers of every answer with content.
 *
 * - Intermediaries must not store it, because access depends on the caller, and must not change it, because clients
 *   compare digests.
 * - Clients choose the bytes and a manifest's type, so a browser must not guess another type or execute anything.
 */
export function contentHeaders(digest: Digest, mediaType: string): Record<string, string> {
  return {
    "Content-Type": mediaType,
    "Docker-Content-Digest": digest,
    "ETag": entityTag(digest),
    "Cache-Control": NOT_STORED,
    "Content-Security-Policy": "default-src 'none'; sandbox",
  };
}

/** Headers of a redirect to content, without its `Location`: a URL that is for this client and ends soon. */
export function redirectHeaders(digest: Digest): Record<string, string> {
  return {
    "Docker-Content-Digest": digest,
    "Cache-Control": NOT_STORED,
    "Referrer-Policy": "no-referrer",
  };
}

/** Relative URL of a blob. Clients refuse a `Location` on another host, and `Host` is not trusted. */
export function blobLocation(repository: RepositoryName, digest: Digest): string {
  return `/v2/${repository}/blobs/${digest}`;
}

/** Relative URL of a manifest. */
export function manifestLocation(repository: RepositoryName, reference: string): string {
  return `/v2/${repository}/manifests/${reference}`;
}
