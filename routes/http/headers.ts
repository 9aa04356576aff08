import type { Digest, RepositoryName } from "../../oci/mod.ts";

/** The entity tag of content: its digest, so it is strong (RFC 9110 §8.8.3). */
export function entityTag(digest: Digest): string {
  return `"${digest}"`;
}

/**
 * What every answer with content says of it.
 *
 * - Nothing in between may store it, since what it shows depends on who asks; or change it, since digests are compared.
 * - Whoever pushes chooses the bytes and a manifest's type, so no browser may guess another type or run anything.
 */
export function contentHeaders(digest: Digest, mediaType: string): Record<string, string> {
  return {
    "Content-Type": mediaType,
    "Docker-Content-Digest": digest,
    "ETag": entityTag(digest),
    "Cache-Control": "private, no-store, no-transform",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
  };
}

/** Where a blob is pulled from. Relative: clients refuse a `Location` on another host, and no `Host` is believed. */
export function blobLocation(repository: RepositoryName, digest: Digest): string {
  return `/v2/${repository}/blobs/${digest}`;
}

/** Where a manifest is pulled from. */
export function manifestLocation(repository: RepositoryName, reference: string): string {
  return `/v2/${repository}/manifests/${reference}`;
}
