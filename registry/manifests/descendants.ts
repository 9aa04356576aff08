import { inParallel } from "../../storage/ports.ts";
import { type Digest, isDigest, RegistryError, type RepositoryName } from "../../oci/mod.ts";
import { type ManifestReference, parseManifest } from "../../oci/manifest.ts";
import { type Work } from "../protocol/mod.ts";
import { readBytes, readManifest } from "./manifest_store.ts";
import { readReferences } from "./references.ts";

/** Manifests that are read in parallel. */
const PARALLEL_READS = 4;

/** Manifests and blobs below the children of one index, and bytes of the manifests among them. */
const MAX_DESCENDANTS = 10_000;
const MAX_BYTES = 64 * 1024 * 1024;

/**
 * Step 3 for everything below the children of an index: revives condemned content, and returns the references that the
 * repository does not have. The index's edges must have been written before.
 *
 * @throws {RegistryError} `DENIED` if more content lies below than one request may check.
 */
export async function readDescendants(
  work: Work,
  repository: RepositoryName,
  references: ManifestReference[],
): Promise<ManifestReference[]> {
  const missing: ManifestReference[] = [];
  const seen = new Set<Digest>();
  let [found, bytesRead] = [0, 0];
  for (let level = manifestsIn(references, seen); level.length > 0;) {
    const below: ManifestReference[] = [];
    await inParallel(level, PARALLEL_READS, async (digest) => {
      const item = await readManifest(work, repository, digest, { consistent: true });
      if (item === undefined) return; // a blob, or missing, which its parent's references tell
      bytesRead += item.attributes.size;
      if (bytesRead > MAX_BYTES) throw tooMuch();
      const bytes = await readBytes(work, item);
      if (bytes === undefined) return;
      const { references } = parseManifest(bytes, item.attributes.mediaType);
      found += references.length;
      if (found > MAX_DESCENDANTS) throw tooMuch();
      missing.push(...(await readReferences(work, repository, references, [])).missing);
      below.push(...references);
    });
    level = manifestsIn(below, seen);
  }
  return missing;
}

/** The references that may be manifests, each once in all calls with the same `seen`. */
function manifestsIn(references: ManifestReference[], seen: Set<Digest>): Digest[] {
  const fresh = references
    .filter(({ kind }) => kind === "manifest or blob")
    .map(({ digest }) => digest)
    .filter(isDigest)
    .filter((digest) => !seen.has(digest));
  for (const digest of fresh) seen.add(digest);
  return fresh;
}

function tooMuch(): RegistryError {
  return new RegistryError(
    "DENIED",
    `Cannot put an immutable tag on the index: more than ${MAX_DESCENDANTS} manifests and blobs, or ` +
      `${MAX_BYTES} bytes of manifests, are below its children`,
  );
}
