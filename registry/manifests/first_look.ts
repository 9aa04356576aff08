import { type Digest, isDigest, type RepositoryName } from "../../oci/mod.ts";
import type { ManifestReference } from "../../oci/manifest.ts";
import type { ReadOptions } from "../../storage/ports.ts";
import type { Context, Work } from "../protocol/mod.ts";
import { type BlobAttributes, blobKey, isReadable, linkKey, manifestKey, stored } from "../items/mod.ts";
import { missingReferences } from "./references.ts";

/** Maximum references of a manifest that is not checked first, unless a push was rejected recently. */
export const FEW_REFERENCES = 16;

/** Milliseconds for which every manifest is checked first, after a push that failed after it wrote edges. */
export const WARY_MS = 60_000;

/** References of one batch: the items of children may have 256 KiB each. */
const BATCH_REFERENCES = 64;

/** Maximum missing references in the error. The check ends there. */
const MAX_REPORTED_REFERENCES = 10;

/**
 * Rejects a manifest with missing references before anything is written for it. Otherwise up to 10,000 edges would
 * remain for garbage collection. The check protects nothing: its results are checked again after the edges. A manifest
 * with few references skips it to save a request to the table, unless a push was rejected recently: a client may be
 * pushing invalid manifests one after the other, and each would leave its edges for the grace period.
 *
 * @throws {RegistryError} `MANIFEST_BLOB_UNKNOWN` with the first missing references.
 */
export async function checkReferencesFirst(
  work: Work,
  repository: RepositoryName,
  references: ManifestReference[],
): Promise<void> {
  if (work.references !== "strict") return;
  if (references.length <= FEW_REFERENCES && work.now() >= work.wary.until) return;
  const required = references.filter(({ required }) => required);
  // An eventually consistent read may miss content that exists.
  const lacking = await lackingOf(work, repository, required, { consistent: false });
  const missing = await lackingOf(work, repository, lacking, { consistent: true });
  if (missing.length > 0) throw missingReferences(missing);
}

/** Requires the check of every manifest for {@linkcode WARY_MS}, after a push that failed after it wrote edges. */
export function noteRejectedPush({ wary, now }: Pick<Context, "wary" | "now">): void {
  wary.until = now() + WARY_MS;
}

/** References that the repository lacks; at least the first {@linkcode MAX_REPORTED_REFERENCES} of them. */
async function lackingOf(
  { table }: Work,
  repository: RepositoryName,
  references: ManifestReference[],
  options: ReadOptions,
): Promise<ManifestReference[]> {
  const lacking: ManifestReference[] = [];
  for (
    let at = 0;
    at < references.length && lacking.length < MAX_REPORTED_REFERENCES;
    at += BATCH_REFERENCES
  ) {
    const batch = references.slice(at, at + BATCH_REFERENCES);
    const known = batch.filter(({ digest }) =>
      isDigest(digest)
    ) as (ManifestReference & { digest: Digest })[];
    const items = await table.getMany(
      known.flatMap(({ digest, kind }) => [
        linkKey(digest, repository),
        blobKey(digest),
        ...(kind === "manifest or blob" ? [manifestKey(repository, digest)] : []),
      ]),
      options,
    );
    const there = new Set<string>();
    for (const { digest, kind } of known) {
      const [link, blob] = [items.shift(), stored<BlobAttributes>(items.shift())];
      const manifest = kind === "manifest or blob" ? items.shift() : undefined;
      const isBlob = link !== undefined && blob !== undefined && isReadable(blob.attributes);
      if (isBlob || manifest !== undefined) there.add(digest);
    }
    lacking.push(...batch.filter(({ digest }) => !there.has(digest)));
  }
  return lacking;
}
