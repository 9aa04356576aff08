import { type Descriptor, type Digest, RegistryError, type RepositoryName } from "../../oci/mod.ts";
import { describeReferrer, describeStoredReferrer, type ParsedManifest } from "../../oci/manifest.ts";
import { MAX_SORT_KEY_BYTES, type NewItem } from "../../storage/ports.ts";
import type { Context, Work } from "../protocol/mod.ts";
import {
  partsOf,
  type ReferrerAttributes,
  referrerKey,
  referrerPrefix,
  repositoryPartition,
  stored,
} from "../items/mod.ts";
import { readBytes, readManifest } from "./manifest_store.ts";
import type { Page, ReferrersRequest } from "../registry.ts";

/**
 * Maximum bytes of a descriptor in an item. A larger one is stored without its annotations, or not at all if it is
 * still larger.
 */
const MAX_REFERRER_BYTES = 32 * 1024;

/** Bytes of descriptors in one page: clients read 4 MiB at the most. A page has at least one. */
const MAX_PAGE_BYTES = 3 * 1024 * 1024;

/** Bytes of descriptors and manifests that one request reads, and the last manifest or batch of items beyond them. */
export const MAX_READ_BYTES = 8 * 1024 * 1024;

/** Items of one query, and queries of one request. */
const PAGE_ITEMS = 200;
const MAX_PAGES = 50;

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

/** Referrer entry of the manifest under its subject, if it has one. */
export function referrerItem(
  repository: RepositoryName,
  manifest: ParsedManifest,
  digest: Digest,
  size: number,
): NewItem | undefined {
  const key = manifest.subject && referrerKey(repository, manifest.subject.digest, digest);
  if (key === undefined) return undefined;
  const descriptor = describeReferrer(manifest, digest, size);
  const { annotations: _, ...bare } = descriptor;
  const attributes: ReferrerAttributes = bytesOf(descriptor) <= MAX_REFERRER_BYTES
    ? { descriptor }
    : bytesOf(bare) <= MAX_REFERRER_BYTES
    ? { descriptor: bare, annotated: true }
    : {};
  return { ...key, attributes };
}

/**
 * end-12. A page ends at {@linkcode MAX_PAGE_BYTES} bytes of descriptors or after {@linkcode MAX_READ_BYTES} bytes read, so
 * a filter with few matches may get pages with only a `next`.
 *
 * @throws {RegistryError} if the client has disconnected.
 */
export async function listReferrers(
  context: Context,
  repository: RepositoryName,
  subject: string,
  { artifactTypes, after: begin, signal }: ReferrersRequest,
): Promise<Page<Descriptor>> {
  const prefix = referrerPrefix(subject);
  const items: Descriptor[] = [];
  if (prefix.length > MAX_SORT_KEY_BYTES) return { items };
  let [size, read] = [0, 0];
  let after = begin;
  const page = () => ({ items, ...(after === undefined ? {} : { next: after }) });
  for (let batch = 0; batch < MAX_PAGES; batch++) {
    assertAwaited(signal);
    const from = after === undefined ? {} : { after: prefix + after };
    const options = { prefix, ...from, limit: PAGE_ITEMS, consistent: true };
    const found = await context.table.query(repositoryPartition(repository), options);
    for (const item of found) {
      if (read > MAX_READ_BYTES) return page();
      const { manifest: digest } = partsOf("referrer", item);
      const { attributes } = stored<ReferrerAttributes>(item)!;
      const referrer = await readReferrer(context, repository, digest, attributes, artifactTypes);
      read += referrer.read;
      if (referrer.descriptor !== undefined) {
        const bytes = bytesOf(referrer.descriptor);
        if (items.length > 0 && size + bytes > MAX_PAGE_BYTES) return page();
        size += bytes;
        items.push(referrer.descriptor);
      }
      assertAwaited(signal);
      after = digest;
    }
    if (found.length < PAGE_ITEMS) return { items };
  }
  return page();
}

/** Throws if the client does not wait for the answer any more. */
function assertAwaited(signal: AbortSignal | undefined): void {
  if (!signal?.aborted) return;
  throw new RegistryError("UNSUPPORTED", "The client has closed the request", { status: 499 });
}

/** Descriptor of an item if it exists and matches, and the bytes that were read to find out. */
async function readReferrer(
  context: Context,
  repository: RepositoryName,
  digest: Digest,
  { descriptor: known, annotated }: ReferrerAttributes,
  artifactTypes: string[],
): Promise<{ descriptor?: Descriptor; read: number }> {
  if (known !== undefined) {
    if (!isWanted(known, artifactTypes)) return { read: bytesOf(known) };
    if (!annotated) return { descriptor: known, read: bytesOf(known) };
  }
  const descriptor = await readDescriptor(context, repository, digest);
  const read = (descriptor ?? known)?.size ?? MAX_REFERRER_BYTES;
  return descriptor !== undefined && isWanted(descriptor, artifactTypes) ? { descriptor, read } : { read };
}

/** The descriptor from the manifest; `undefined` if a delete took the manifest meanwhile. */
async function readDescriptor(
  context: Context,
  repository: RepositoryName,
  digest: Digest,
): Promise<Descriptor | undefined> {
  const manifest = await readManifest(context, repository, digest, { consistent: true });
  const bytes = manifest && await readBytes(context, manifest);
  if (manifest === undefined || bytes === undefined) return undefined;
  return describeStoredReferrer(bytes, manifest.attributes.mediaType, digest);
}

function isWanted({ artifactType }: Descriptor, artifactTypes: string[]): boolean {
  return artifactTypes.length === 0 || artifactTypes.includes(artifactType ?? "");
}

/** Bytes of a descriptor in a list. */
function bytesOf(descriptor: Descriptor): number {
  return new TextEncoder().encode(JSON.stringify(descriptor)).length;
}
