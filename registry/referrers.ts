import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { describeReferrer, type ParsedManifest, parseManifest } from "../oci/manifest.ts";
import type { RepositoryName } from "../oci/name.ts";
import type { Item, NewItem } from "../storage/table/table.ts";
import type { Context, Work } from "./context.ts";
import { type ReferrerAttributes, referrerKey, referrerPrefix, stored } from "./items.ts";
import { readBytes, readManifest } from "./manifest_store.ts";
import type { Page, ReferrersRequest } from "./registry.ts";

/** A descriptor above this size in bytes, because of its annotations, is made from the manifest when it is asked for. */
const MOST_IN_REFERRER = 32 * 1024;

/** Bytes of descriptors in one page: clients read 4 MiB at the most. A page has at least one. */
const MOST_IN_PAGE = 3 * 1024 * 1024;

/** Items of one query, and queries of one request: a filter that matches nothing must not read without bound. */
const BATCH = 200;
const MOST_BATCHES = 50;

/** Step 5 of the manifest protocol. */
export async function putReferrer(
  work: Work,
  repository: RepositoryName,
  manifest: ParsedManifest,
  digest: Digest,
  size: number,
): Promise<void> {
  const item = referrerItem(repository, manifest, digest, size);
  if (item !== undefined) await work.table.putMany([item]);
}

/** The manifest among the referrers of its subject, where it has one. */
export function referrerItem(
  repository: RepositoryName,
  manifest: ParsedManifest,
  digest: Digest,
  size: number,
): NewItem | undefined {
  if (manifest.subject === undefined) return undefined;
  const descriptor = describeReferrer(manifest, digest, size);
  const attributes: ReferrerAttributes = bytesOf(descriptor) <= MOST_IN_REFERRER ? { descriptor } : {};
  return { ...referrerKey(repository, manifest.subject.digest, digest), attributes };
}

/** end-12. */
export async function listReferrers(
  context: Context,
  repository: RepositoryName,
  subject: string,
  request: ReferrersRequest,
): Promise<Page<Descriptor>> {
  const prefix = referrerPrefix(subject);
  const items: Descriptor[] = [];
  let size = 0;
  let after = request.after;
  for (let batch = 0; batch < MOST_BATCHES; batch++) {
    const from = after === undefined ? {} : { after: prefix + after };
    const options = { prefix, ...from, limit: BATCH, consistent: true };
    const found = await context.table.query(`repo#${repository}`, options);
    for (const item of found) {
      const digest = item.sk.slice(prefix.length) as Digest;
      const descriptor = await describe(context, repository, digest, item);
      if (descriptor !== undefined && isWanted(descriptor, request.artifactTypes)) {
        size += bytesOf(descriptor);
        if (items.length > 0 && size > MOST_IN_PAGE) {
          return { items, ...(after === undefined ? {} : { next: after }) };
        }
        items.push(descriptor);
      }
      after = digest;
    }
    if (found.length < BATCH) return { items };
  }
  return { items, ...(after === undefined ? {} : { next: after }) };
}

/** The descriptor, from the item or from the manifest; `undefined` where a delete took the manifest meanwhile. */
async function describe(
  context: Context,
  repository: RepositoryName,
  digest: Digest,
  item: Item,
): Promise<Descriptor | undefined> {
  const { descriptor } = stored<ReferrerAttributes>(item)!.attributes;
  if (descriptor !== undefined) return descriptor;
  const manifest = await readManifest(context, repository, digest, { consistent: true });
  const bytes = manifest && await readBytes(context, manifest);
  if (manifest === undefined || bytes === undefined) return undefined;
  return describeReferrer(parseManifest(bytes, manifest.attributes.mediaType), digest, bytes.length);
}

function isWanted({ artifactType }: Descriptor, artifactTypes: string[]): boolean {
  return artifactTypes.length === 0 || artifactTypes.includes(artifactType ?? "");
}

/** Bytes of a descriptor in a list. */
function bytesOf(descriptor: Descriptor): number {
  return new TextEncoder().encode(JSON.stringify(descriptor)).length;
}
