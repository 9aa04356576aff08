import { type Digest, isDigest, isTag, RegistryError, type RepositoryName } from "../oci/mod.ts";
import type { Lister, Reader } from "../registry/interface.ts";
import { inParallel } from "../storage/ports.ts";
import {
  cosignTags,
  readSignatureManifest,
  SIGNATURE_TYPES,
  type SignatureLayer,
} from "./signature_manifest.ts";

/** Maximum manifests with signatures that are looked at for one manifest. */
export const MAX_SIGNATURES = 2000;

/** Maximum bytes of a manifest with signatures. */
const MAX_MANIFEST_BYTES = 1024 * 1024;

/** Maximum bytes of all signatures and attestations of one manifest. */
export const MAX_TOTAL_BYTES = 64 * 1024 * 1024;

/** Manifests that are read at the same time. */
const CONCURRENT_READS = 8;

/** Registry in which signatures are looked for. */
export type SignatureStore =
  & Pick<Reader, "getManifest" | "resolveTag" | "getBlob">
  & Pick<Lister, "listReferrers">;

/** A manifest with signatures of another one. */
export interface FoundSignatures {
  /** Digest of the manifest that has them. */
  readonly manifest: Digest;
  /** Layers with signatures. */
  readonly layers: SignatureLayer[];
}

/** Result of {@linkcode findSignatures}. */
export interface Search {
  /** Those with the fewest bytes first. */
  readonly found: FoundSignatures[];
  /** False if there are more than are looked at. */
  readonly complete: boolean;
}

/**
 * Manifests with signatures of a manifest: its referrers, and the targets of the tags of cosign.
 *
 * Other clients can push any number of signatures that are none. The smallest come first, so that large ones do not
 * exhaust the limit on bytes before the true one is read.
 */
export async function findSignatures(
  store: SignatureStore,
  repository: RepositoryName,
  digest: Digest,
): Promise<Search> {
  const [referrers, tagged] = await Promise.all([
    listSignatures(store, repository, digest),
    Promise.all(cosignTags(digest).map((tag) => targetOf(store, repository, tag))),
  ]);
  const targets = tagged.filter((target) => target !== undefined);
  const candidates = [...new Set([...targets, ...referrers.digests])];
  const found = (await inParallel(
    candidates,
    CONCURRENT_READS,
    (candidate) =>
      readCandidate(store, repository, candidate, {
        subject: digest,
        isTagged: targets.includes(candidate),
      }),
  ))
    .filter((signatures) => signatures !== undefined);
  found.sort((one, other) => bytesOf(one) - bytesOf(other));
  let total = 0;
  const readable = found.filter((signatures) => (total += bytesOf(signatures)) <= MAX_TOTAL_BYTES);
  return { found: readable, complete: referrers.complete && readable.length === found.length };
}

/** Bytes of all layers with signatures. */
function bytesOf({ layers }: FoundSignatures): number {
  return layers.reduce((total, { size }) => total + size, 0);
}

async function listSignatures(
  store: SignatureStore,
  repository: RepositoryName,
  subject: Digest,
): Promise<{ digests: Digest[]; complete: boolean }> {
  const digests: Digest[] = [];
  let after: string | undefined;
  do {
    const request = { artifactTypes: SIGNATURE_TYPES, ...(after !== undefined && { after }) };
    const page = await store.listReferrers(repository, subject, request);
    for (const { digest, size } of page.items) {
      if (digests.length === MAX_SIGNATURES) return { digests, complete: false };
      if (isDigest(digest) && size <= MAX_MANIFEST_BYTES) digests.push(digest);
    }
    after = page.next;
  } while (after !== undefined);
  return { digests, complete: true };
}

async function targetOf(
  store: SignatureStore,
  repository: RepositoryName,
  tag: string,
): Promise<Digest | undefined> {
  // The name of a SHA-512 digest with its ending is longer than a tag may be.
  if (!isTag(tag)) return undefined;
  return await unlessUnknown(store.resolveTag(repository, tag));
}

async function readCandidate(
  store: SignatureStore,
  repository: RepositoryName,
  digest: Digest,
  { subject, isTagged }: { subject: Digest; isTagged: boolean },
): Promise<FoundSignatures | undefined> {
  const manifest = await unlessUnknown(store.getManifest(repository, { digest }));
  if (manifest === undefined || manifest.bytes.length > MAX_MANIFEST_BYTES) return undefined;
  const { layers, subject: actual } = readSignatureManifest(manifest.bytes);
  // A tag of cosign names the subject, so its manifest has none.
  if (!isTagged && actual !== subject) return undefined;
  return layers.length === 0 ? undefined : { manifest: digest, layers };
}

/** Value of a read, or `undefined` if a delete was faster. */
async function unlessUnknown<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof RegistryError && error.status === 404) return undefined;
    throw error;
  }
}
