import { RegistryError, type RepositoryName } from "../../oci/mod.ts";
import { BlobImport } from "./blob_import.ts";
import { forEachParallel } from "./flow.ts";
import { ManifestImport, type ManifestPlaces } from "./manifest_import.ts";
import type { SourceManifest } from "./source_registry.ts";

/** Repositories that are imported at the same time, and manifests of each. */
const PARALLEL_REPOSITORIES = 4;
const PARALLEL_MANIFESTS = 4;

/** Manifests of a batch. The brought ones are forgotten after their batch, so that memory stays bounded. */
const BATCH_MANIFESTS = 256;

/**
 * Imports everything sound of a source. What the destination has is not read again, so an import that broke off is
 * continued by the next one, and one after a complete import writes nothing.
 */
export async function importRegistry(places: ManifestPlaces): Promise<void> {
  const blobs = new BlobImport(places);
  await forEachParallel(places.source.repositories(), PARALLEL_REPOSITORIES, async (repository) => {
    places.report.repositories++;
    const manifests = new ManifestImport(places, blobs, repository);
    for await (const batch of batches(places.source.manifests(repository))) {
      await forEachParallel(
        batch,
        PARALLEL_MANIFESTS,
        (manifest) => importManifest(places, manifests, repository, manifest),
      );
      await manifests.forget();
    }
  });
}

/** Brings a manifest, and then its tags: a client that sees the tag can pull the image. */
async function importManifest(
  { destination, report, found }: ManifestPlaces,
  manifests: ManifestImport,
  repository: RepositoryName,
  { digest, mediaType, tags }: SourceManifest,
): Promise<void> {
  const isBrought = await manifests.bring(digest, mediaType);
  for (const tag of tags) {
    const lost = (note: string) => found({ kind: "tag", repository, tag, digest, note });
    if (!isBrought) {
      lost("points to a manifest that was not imported");
      continue;
    }
    try {
      const outcome = await destination.setTag(repository, tag, digest);
      if (outcome === "set") report.tags++;
      else if (outcome === "present") report.presentTags++;
      else {
        report.keptTags++;
        found({
          kind: "kept-tag",
          repository,
          tag,
          digest,
          note: "stays: a client of this registry has moved it",
        });
      }
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
      lost(error.message);
    }
  }
}

async function* batches(manifests: AsyncIterable<SourceManifest>): AsyncGenerator<SourceManifest[]> {
  let batch: SourceManifest[] = [];
  for await (const manifest of manifests) {
    batch.push(manifest);
    if (batch.length < BATCH_MANIFESTS) continue;
    yield batch;
    batch = [];
  }
  yield batch;
}
