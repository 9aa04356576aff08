import { type Digest, isDigest, type RepositoryName } from "../oci/mod.ts";
import type { ParsedManifest } from "../oci/manifest.ts";
import {
  blobKey,
  edgeItems,
  linkKey,
  type ManifestAttributes,
  manifestKey,
  partsOf,
  referrerItem,
  repositoryKey,
  type Stored,
  stored,
} from "../registry/stored.ts";
import { inParallel, type Key, type NewItem, type Table } from "../storage/ports.ts";
import { batches, retryUnavailable } from "./flow.ts";
import { kindOf, nameOf, textOf } from "./kinds.ts";
import { manifestContent } from "./manifest_content.ts";
import type { RestoreOptions, RestoreReport } from "./restore_options.ts";
import { readMany, scanAll } from "./snapshot.ts";

/** Maximum items of one batch: about 25 MB with the largest manifests. */
const BATCH_ITEMS = 100;

/** Manifests that are checked at once, and references of one of them. */
const PARALLEL_MANIFESTS = 8;
const BATCH_REFERENCES = 100;

/**
 * Completes a restored table before its tags are written. Adds edges, referrers and repositories that a push during the
 * backup wrote behind the scan. Counts blobs, manifests, and incomplete manifests. Those are kept: their content is
 * readable, and a push of the missing rest repairs them.
 */
export async function completeManifests(
  options: RestoreOptions,
): Promise<Pick<RestoreReport, "blobs" | "manifests" | "incomplete">> {
  const counts = { blobs: 0, manifests: 0, incomplete: 0 };
  for await (const items of batches(scanAll(options.table), BATCH_ITEMS)) {
    counts.blobs += items.filter((item) => kindOf(item) === "blob").length;
    const manifests = items.filter((item) => kindOf(item) === "manifest");
    counts.manifests += manifests.length;
    await inParallel(manifests, PARALLEL_MANIFESTS, async (item) => {
      const manifest = stored<ManifestAttributes>(item)!;
      const lacking = await complete(options, manifest);
      if (lacking.length === 0) return;
      counts.incomplete++;
      options.report(`${nameOf(item)} is incomplete, missing: ${lacking.join(", ")}`);
    });
  }
  return counts;
}

async function complete(
  { objects, table, references }: RestoreOptions,
  manifest: Stored<ManifestAttributes>,
): Promise<string[]> {
  const parsed = await manifestContent(objects, manifest);
  if (parsed === undefined) return ["its content (the bytes are not a manifest)"];
  const { repository, digest } = partsOf("manifest", manifest);
  const { size, pushedAt, push } = manifest.attributes;
  const derived = [
    { ...repositoryKey(repository), attributes: { createdAt: pushedAt } },
    ...edgeItems(repository, digest, parsed, { at: pushedAt, ...(push === undefined ? {} : { push }) }),
    referrerItem(repository, parsed, digest, size),
  ].filter((item) => item !== undefined);
  const there = await keysThere(table, derived);
  const missing: NewItem[] = derived.filter((item) => !there.has(textOf(item)));
  if (missing.length > 0) await retryUnavailable(() => table.putMany(missing));
  return references === "sparse" ? [] : await lackingOf(table, repository, parsed);
}

/** Digests that the manifest requires and the repository does not have. */
async function lackingOf(
  table: Table,
  repository: RepositoryName,
  { references }: ParsedManifest,
): Promise<Digest[]> {
  const lacking: Digest[] = [];
  const required = references.filter(({ required }) => required).map(({ digest }) => digest).filter(isDigest);
  for (let at = 0; at < required.length; at += BATCH_REFERENCES) {
    const some = required.slice(at, at + BATCH_REFERENCES);
    const there = await keysThere(
      table,
      some.flatMap((digest) => [
        linkKey(digest, repository),
        blobKey(digest),
        manifestKey(repository, digest),
      ]),
    );
    const has = (key: Key) => there.has(textOf(key));
    lacking.push(
      ...some.filter((digest) =>
        !has(manifestKey(repository, digest)) &&
        !(has(linkKey(digest, repository)) && has(blobKey(digest)))
      ),
    );
  }
  return lacking;
}

async function keysThere(table: Table, keys: Key[]): Promise<Set<string>> {
  const there = new Set<string>();
  for (let at = 0; at < keys.length; at += BATCH_REFERENCES) {
    for (const item of await readMany(table, keys.slice(at, at + BATCH_REFERENCES))) there.add(textOf(item));
  }
  return there;
}
