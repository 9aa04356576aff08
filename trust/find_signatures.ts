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
const MAX_SIGNATURES = 2000;

/** Maximum bytes of a manifest with signatures. */
const MAX_MANIFEST_BYTES = 1024 * 1024;

/** Maximum bytes of all signatures and attestations of one manifest. */
const MAX_TOTAL_BYTES = 64 * 1024 * 1024;

/** Maximum bytes of the manifests with signatures of one manifest. */
const MAX_MANIFESTS_BYTES = 8 * 1024 * 1024;

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
 * exhaust the limits on bytes before the true one is read.
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
  const small = referrers.items.filter(({ size }) => size <= MAX_MANIFEST_BYTES);
  const listed = within(MAX_MANIFESTS_BYTES, small, ({ size }) => size);
  const candidates = [...new Set([...targets, ...listed.map(({ digest }) => digest)])];
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
  const readable = within(MAX_TOTAL_BYTES, found, bytesOf);
  const isWhole = listed.length === referrers.items.length && readable.length === found.length;
  return { found: readable, complete: referrers.complete && isWhole };
}

/** The smallest items, as long as their sizes together are at most `limit`. */
function within<T>(limit: number, items: readonly T[], sizeOf: (item: T) => number): T[] {
  let total = 0;
  return items.toSorted((one, other) => sizeOf(one) - sizeOf(other))
    .filter((item) => (total += sizeOf(item)) <= limit);
}

/** A referrer in a list. */
interface Listed {
  readonly digest: Digest;
  readonly size: number;
}

/** Bytes of all layers with signatures. */
function bytesOf({ layers }: FoundSignatures): number {
  return layers.reduce((total, { size }) => total + size, 0);
}

async function listSignatures(
  store: SignatureStore,
  repository: RepositoryName,
  subject: Digest,
): Promise<{ items: Listed[]; complete: boolean }> {
  const items: Listed[] = [];
  let after: string | undefined;
  do {
    const request = { artifactTypes: SIGNATURE_TYPES, ...(after !== undefined && { after }) };
    const page = await store.listReferrers(repository, subject, request);
    for (const { digest, size } of page.items) {
      if (items.length === MAX_SIGNATURES) return { items, complete: false };
      if (isDigest(digest)) items.push({ digest, size });
    }
    after = page.next;
  } while (after !== undefined);
  return { items, complete: true };
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
