import { type Digest, isDigest, isManifestMediaType, type RepositoryName } from "../../oci/mod.ts";
import { type ManifestReference, parseManifest } from "../../oci/manifest.ts";
import { findBlobs } from "../blobs/mod.ts";
import { isManifestCondemned, type ManifestAttributes, manifestKey, stored } from "../items/mod.ts";
import type { AheadReads, Context, NextReads } from "../protocol/mod.ts";
import type { Manifest } from "../registry.ts";

/** Maximum size of a manifest that is parsed for its references, in bytes: parsing must not delay other requests. */
const MAX_PARSED_BYTES = 65_536;

/** Maximum children of one batch: each may have 256 KiB. */
const MAX_CHILDREN = 16;

/** Maximum blobs of one batch, with two items each: a request of DynamoDB reads 100 items. */
const MAX_BLOBS = 50;

/** Batches of reads ahead of the requests. */
export function aheadReads(context: Context): AheadReads {
  return {
    next: nextReads,
    manifests: (repository, digests) => findManifests(context, repository, digests),
    blobs: (repository, digests) => findBlobs(context, repository, digests),
  };
}

function nextReads({ bytes, mediaType }: Manifest): NextReads {
  const references = bytes.length > MAX_PARSED_BYTES ? [] : referencesIn(bytes, mediaType);
  const children = references.filter(isChild);
  const blobs = references.filter((reference) => !isChild(reference) && reference.required);
  return { manifests: digestsOf(children, MAX_CHILDREN), blobs: digestsOf(blobs, MAX_BLOBS) };
}

function referencesIn(bytes: Uint8Array, mediaType: string): ManifestReference[] {
  try {
    return parseManifest(bytes, mediaType).references;
  } catch {
    return []; // stored by an earlier release that accepted more
  }
}

/** BuildKit exports a build cache as an index of layers. */
function isChild({ kind, mediaType }: ManifestReference): boolean {
  return kind === "manifest or blob" && isManifestMediaType(mediaType);
}

function digestsOf(references: ManifestReference[], limit: number): Digest[] {
  return references.map(({ digest }) => digest).filter(isDigest).slice(0, limit);
}

async function findManifests(
  { table }: Context,
  repository: RepositoryName,
  digests: Digest[],
): Promise<Map<Digest, Manifest>> {
  const items = await table.getMany(digests.map((digest) => manifestKey(repository, digest)), {
    consistent: true,
  });
  const found = new Map<Digest, Manifest>();
  for (const [i, digest] of digests.entries()) {
    const item = stored<ManifestAttributes>(items[i]);
    if (item?.bytes === undefined || isManifestCondemned(item.attributes)) continue;
    found.set(digest, { digest, mediaType: item.attributes.mediaType, bytes: item.bytes });
  }
  return found;
}
