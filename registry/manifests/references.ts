import { type Digest, isDigest, RegistryError, type RepositoryName } from "../../oci/mod.ts";
import { type ManifestReference, type ParsedManifest, parseManifest } from "../../oci/manifest.ts";
import type { Item, Key, NewItem } from "../../storage/ports.ts";
import { type Context, isLost, RETRY, retryOnConflict, type Work } from "../protocol/mod.ts";
import {
  type BlobAttributes,
  blobKey,
  type EdgeAttributes,
  edgeKey,
  isManifestCondemned,
  isReadable,
  type LinkAttributes,
  linkItem,
  linkKey,
  type ManifestAttributes,
  manifestKey,
  revivedBlob,
  revivedManifest,
  type Stored,
  stored,
} from "../items/mod.ts";
import { mayBeTorn } from "../blobs/mod.ts";
import { readBytes } from "./manifest_store.ts";

/** Children of one batch. */
const BATCH_CHILDREN = 32;

/** One edge for each reference. Content with an unsupported algorithm cannot be stored, so it needs no edge. */
export function edgeItems(
  repository: RepositoryName,
  digest: Digest,
  parsed: ParsedManifest,
  attributes: EdgeAttributes,
): NewItem[] {
  return targetsIn(parsed).map((target) => ({ ...edgeKey(repository, target, digest), attributes }));
}

/** Digests that a stored manifest references; none if it cannot be read any more. */
export async function targetsOf(context: Context, manifest: Stored<ManifestAttributes>): Promise<Digest[]> {
  try {
    const bytes = await readBytes(context, manifest);
    return targetsIn(parseManifest(bytes ?? new Uint8Array(), manifest.attributes.mediaType));
  } catch {
    return []; // damaged, or in a store that does not answer: a delete goes on, and the full pass finds the edges
  }
}

/** The digests that a manifest references, each once. */
export function targetsIn({ references }: ParsedManifest): Digest[] {
  return [...new Set(references.map((reference) => reference.digest).filter(isDigest))];
}

/** A reference to content of an algorithm that may be stored here. */
type Target = ManifestReference & { digest: Digest };

/** Result of step 3. */
export interface Seen {
  /** The references that the repository does not have. */
  missing: ManifestReference[];
  /** The other requested items, from the same batch. */
  others: (Item | undefined)[];
}

/**
 * Step 3 of the manifest protocol: revives condemned content that the manifest references, and returns the
 * references that the repository does not have. The manifest's edges must be written before. Items that the caller
 * needs later, `others`, are read in the same requests.
 */
export function readReferences(
  work: Work,
  repository: RepositoryName,
  references: ManifestReference[],
  others: Key[],
): Promise<Seen> {
  const targets = references.filter((reference): reference is Target => isDigest(reference.digest));
  const foreign = references.filter((reference) => !isDigest(reference.digest));
  return retryOnConflict(work, async () => {
    const missing = [...foreign];
    let revived = false;
    const read = await readTargets(work, repository, targets, others);
    for (const { target, link, blob, manifest } of read.found) {
      const outcome = link && blob ? await revive(work, repository, target.digest, link, blob) : "gone";
      if (outcome === RETRY) return RETRY;
      if (outcome === "revived") revived = true;
      if (outcome === "gone" && manifest === undefined) missing.push(target);
      if (manifest === undefined || !isManifestCondemned(manifest.attributes)) continue;
      const item = revivedManifest(manifest, work.now());
      if (await work.table.put(item, { ifVersion: manifest.version }) === undefined) return RETRY;
      revived = true;
    }
    // A collector may have condemned it again before our write: check again.
    return revived ? RETRY : { missing, others: read.others };
  });
}

/** Items of a target in the repository. */
interface Found {
  target: Target;
  link: Stored<LinkAttributes> | undefined;
  blob: Stored<BlobAttributes> | undefined;
  /** The target as a manifest of the repository, which is enough for a child of an index. */
  manifest: Stored<ManifestAttributes> | undefined;
}

/**
 * Reads everything in one batch. A batch is no snapshot: of a blob that was read before its link, a collector and a
 * mount that came between the two would leave us a link to nothing. Such a pair is recognized by its ages, and the blob
 * is read again after its link.
 */
async function readTargets(
  work: Work,
  repository: RepositoryName,
  targets: Target[],
  others: Key[],
): Promise<{ found: Found[]; others: (Item | undefined)[] }> {
  const children = targets.filter((target) => target.kind === "manifest or blob");
  const rest = await readManyChildren(work, repository, children.slice(BATCH_CHILDREN));
  const some = children.slice(0, BATCH_CHILDREN);
  const keys = [
    ...targets.map((target) => linkKey(target.digest, repository)),
    ...some.map((child) => manifestKey(repository, child.digest)),
    ...others,
    ...targets.map((target) => blobKey(target.digest)),
  ];
  const all = await work.table.getMany(keys, { consistent: true });
  const first = all.slice(0, keys.length - targets.length);
  const blobs = all.slice(first.length);
  const manifests = new Map([
    ...some.map((child, i) => [child.digest, stored<ManifestAttributes>(first[targets.length + i])] as const),
    ...rest,
  ]);
  const found = targets.map((target, i) => ({
    target,
    link: stored<LinkAttributes>(first[i]),
    blob: stored<BlobAttributes>(blobs[i]),
    manifest: manifests.get(target.digest),
  }));
  await readTornAgain(work, found);
  return { found, others: first.slice(targets.length + some.length) };
}

async function readTornAgain(work: Work, found: Found[]): Promise<void> {
  const torn = found.filter(({ link, blob }) => link && blob && mayBeTorn(work, { link, blob }));
  if (torn.length === 0) return;
  const keys = torn.map(({ target }) => blobKey(target.digest));
  const blobs = await work.table.getMany(keys, { consistent: true });
  for (const [i, pair] of torn.entries()) pair.blob = stored<BlobAttributes>(blobs[i]);
}

/** Children beyond the first batch, a batch at a time and without their bytes: 10,000 of them may have 256 KiB each. */
async function readManyChildren(
  work: Work,
  repository: RepositoryName,
  children: Target[],
): Promise<[Digest, Stored<ManifestAttributes> | undefined][]> {
  const read: [Digest, Stored<ManifestAttributes> | undefined][] = [];
  for (let at = 0; at < children.length; at += BATCH_CHILDREN) {
    const batch = children.slice(at, at + BATCH_CHILDREN);
    const keys = batch.map((child) => manifestKey(repository, child.digest));
    const items = await work.table.getMany(keys, { consistent: true });
    for (const [i, { digest }] of batch.entries()) {
      const item = stored<ManifestAttributes>(items[i]);
      const { bytes: _, ...bare } = item ?? {};
      // Revoking a condemnation writes the whole item.
      read.push([digest, item && (isManifestCondemned(item.attributes) ? item : bare as typeof item)]);
    }
  }
  return read;
}

/** Revokes the condemnation of a blob of the repository, by its version. */
async function revive(
  work: Work,
  repository: RepositoryName,
  digest: Digest,
  link: Stored<LinkAttributes>,
  blob: Stored<BlobAttributes>,
): Promise<"live" | "revived" | "gone" | typeof RETRY> {
  if (!isReadable(blob.attributes)) return "gone";
  const isCondemned = blob.attributes.state === "condemned";
  // A revived item looks new and is not checked again, so its object is checked here.
  if (isCondemned && await isLost(work, repository, digest, blob.attributes)) return RETRY;
  const marked: [NewItem, string][] = [];
  if (link.attributes.state === "condemned") {
    marked.push([linkItem(digest, repository, work.now()), link.version]);
  }
  if (isCondemned) {
    marked.push([revivedBlob(digest, blob.attributes, work.now()), blob.version]);
  }
  for (const [item, ifVersion] of marked) {
    if (await work.table.put(item, { ifVersion }) === undefined) return RETRY;
  }
  return marked.length > 0 ? "revived" : "live";
}

/** The error for a manifest whose references the repository does not have. */
export function missingReferences(missing: ManifestReference[]): RegistryError {
  const detail = missing.slice(0, 10).map(({ digest, mediaType, size }) => ({ digest, mediaType, size }));
  return new RegistryError("MANIFEST_BLOB_UNKNOWN", "Manifest references content that the repository lacks", {
    detail,
  });
}
