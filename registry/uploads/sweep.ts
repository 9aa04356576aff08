import { indexPages, type Item, type Key } from "../../storage/ports.ts";
import { beginWork, candidateItems, type Context, type Work } from "../protocol/mod.ts";
import { isReferenced } from "../blobs/mod.ts";
import {
  EXPIRY_SHARDS,
  expirySortKey,
  hasExpired,
  OPEN_PREFIX,
  partsOf,
  type Stored,
  stored,
  type UploadAttributes,
  uploadItem,
} from "../items/mod.ts";
import { namedByItem, namedByTheirBytes, objectPages } from "./named_objects.ts";
import { shuffled, throwFailures, workOff } from "../background/mod.ts";

/** Items or parts of one request to a store. */
const PAGE_ENTRIES = 100;

/** Result of a sweep. */
export interface SweepReport {
  /** Removed uploads. */
  uploads: number;
  /** Objects of these uploads that were found in the store and removed, because no item names them. */
  objects: number;
}

/**
 * Removes expired uploads and their objects. Any number of processes may run it at once beside everything else, and
 * each may crash at any moment: the upload's item is deleted last.
 *
 * @throws {AggregateError} with the failures of single uploads, after all others were swept.
 */
export async function sweep(context: Context): Promise<SweepReport> {
  const report = { uploads: 0, objects: 0 };
  const sweepItem = async (work: Context, item: Item) => {
    const removed = await sweepUpload(work, item);
    if (removed === undefined) return;
    report.uploads++;
    report.objects += removed;
  };
  const shards = (work: Context) =>
    shuffled(EXPIRY_SHARDS).map((shard) => ({ pages: expiredOf(work, shard) }));
  const failures = await workOff(context, { shards, handle: sweepItem, dueSince: expiryOf });
  throwFailures(failures, "sweep expired uploads");
  return report;
}

/** Expiry of the upload, in milliseconds since the epoch. */
function expiryOf(item: Item): number {
  return stored<UploadAttributes>(item)!.attributes.expiresAt;
}

/** The uploads of a partition of the index that look expired. */
async function* expiredOf(context: Context, shard: string): AsyncGenerator<Item[]> {
  for await (const items of indexPages(context.table, shard, { limit: PAGE_ENTRIES })) {
    const expired = items.filter((item) => item.index!.sk < expirySortKey(context.now()));
    yield expired;
    if (expired.length < items.length) break;
  }
  if (context.openUploads === undefined) return;
  // Counted uploads sort after all others, by principal. They are few, because they are limited.
  const open = { prefix: OPEN_PREFIX, after: OPEN_PREFIX, limit: PAGE_ENTRIES };
  for await (const items of indexPages(context.table, shard, open)) {
    yield items.filter((item) => hasExpired(item, context.now()));
  }
}

/**
 * Removes one upload, from its item as it was read, perhaps by an index that lags. Returns the number of its objects that
 * were found and removed; `undefined` if the upload must stay for now.
 */
export async function sweepUpload(context: Context, item: Item): Promise<number | undefined> {
  const work = beginWork(context);
  const known = stored<UploadAttributes>(item)!;
  if (!isExpired(work, known.attributes)) return undefined;
  const { left } = known.attributes;
  return await (left === undefined ? sweepListed(work, item) : sweepCommitted(work, known, left));
}

/** A committed upload that knows its objects: nothing writes it any more, so it need not be read again. */
async function sweepCommitted(
  work: Work,
  upload: Stored<UploadAttributes>,
  left: string[],
): Promise<number | undefined> {
  await leaveCommitted(work, upload);
  // The commit has removed them, unless it died.
  if (left.length > 0) await work.objects.delete(left);
  return await work.table.delete(upload, { ifVersion: upload.version }) ? 0 : undefined;
}

/** Any other upload: the store is asked for its parts and objects. */
async function sweepListed(work: Work, { pk, sk }: Key): Promise<number | undefined> {
  // The index may lag behind the table, so the item is read again.
  const upload = stored<UploadAttributes>(await work.table.get({ pk, sk }, { consistent: true }));
  if (upload === undefined || !isExpired(work, upload.attributes)) return undefined;
  return await (upload.attributes.announced ? sweepAnnounced(work, upload) : takeAndRemove(work, upload));
}

/** An upload that was swept before. If it was committed before that, its item does not know the digest. */
async function sweepAnnounced(
  context: Context,
  upload: Stored<UploadAttributes>,
): Promise<number | undefined> {
  const kept = await namedByTheirBytes(context, upload.attributes);
  // That may have taken longer than a sweep may write.
  return await takeAndRemove(beginWork(context), upload, kept);
}

/** Takes the upload, and removes its objects but those to keep: by default those of the digests that its item knows. */
async function takeAndRemove(
  work: Work,
  upload: Stored<UploadAttributes>,
  kept?: Set<string>,
): Promise<number | undefined> {
  const aborting = uploadItem(partsOf("upload", upload).id, { ...upload.attributes, state: "aborting" });
  const version = await work.table.put(aborting, { ifVersion: upload.version });
  if (version === undefined) return undefined;
  await leaveCommitted(work, upload);
  const removed = await removeContent(work, upload, kept ?? await namedByItem(work, upload.attributes));
  await work.table.delete(upload, { ifVersion: version });
  return removed;
}

/**
 * Leaves a candidate for a blob that the upload may have brought and that no manifest references, as of the last use of
 * the upload. So a push of a blob needs no candidate of its own.
 */
async function leaveCommitted(work: Work, { attributes }: Stored<UploadAttributes>): Promise<void> {
  const { kind, repository, attempt, digest, expiresAt } = attributes;
  if (kind !== "blob") return;
  for (const blob of new Set([attempt, digest])) {
    if (blob === undefined || await isReferenced(work, repository, blob, { consistent: false })) continue;
    const candidate = { kind: "blob" as const, repository, digest: blob };
    await work.table.putMany(candidateItems(work, candidate, expiresAt - work.uploadExpiry));
  }
}

/**
 * True if the upload has expired. A commit may still be running, however old the upload is, so a committing upload
 * expires only after the grace period.
 */
export function isExpired(
  context: Context,
  { state, expiresAt, committingUntil = 0 }: UploadAttributes,
): boolean {
  const now = context.now();
  return expiresAt < now && (state !== "committing" || committingUntil + context.grace < now);
}

async function removeContent(
  work: Work,
  upload: Stored<UploadAttributes>,
  kept: ReadonlySet<string>,
): Promise<number> {
  const { prefix } = upload.attributes;
  for (;;) {
    const begun = await work.objects.listParts(prefix, PAGE_ENTRIES);
    for (const { key, partsId } of begun) await work.objects.abortParts(key, partsId);
    if (begun.length < PAGE_ENTRIES) break;
  }
  let removed = 0;
  for await (const keys of objectPages(work, prefix)) {
    const unneeded = keys.filter((key) => !kept.has(key));
    if (unneeded.length > 0) await work.objects.delete(unneeded);
    removed += unneeded.length;
  }
  return removed;
}
