import { inParallel, type Item, scanPages } from "../../storage/ports.ts";
import { type Context } from "../protocol/mod.ts";
import { scrubBlob } from "./blob.ts";
import type { ScrubOptions, ScrubReport } from "./finding.ts";
import { checkItem, type KnownItem } from "./known_item.ts";
import { scrubManifest } from "./manifest.ts";
import { scrubOrphan } from "./orphan.ts";
import { type Pointer, pointerOf, Suspects } from "./pointers.ts";
import { ScrubWork } from "./scrub_work.ts";
import { UnnamedObjects } from "./unnamed_objects.ts";

/** Items of one page of a scan, and keys of one list. */
const PAGE_ITEMS = 100;
const PAGE_KEYS = 1000;

/** Default maximum of object keys in memory. */
const MAX_KEYS = 100_000;

/** Objects that are read at the same time. */
const PARALLEL_OBJECTS = 4;

/** Folders of the objects of blobs and manifests. Every other object belongs to another program. */
const FOLDERS = ["blobs/", "manifests/"];

/**
 * Verifies everything that is stored, and reports every fault. Runs beside pushes, deletes, sweeps and garbage
 * collection in any process, and holds only batches in memory. An apparent fault is checked again with a consistent
 * read before it is reported, and content of running requests is left out.
 *
 * An object does not name its item. So the objects are taken in ranges of as many keys as fit in memory. For each
 * range the table is scanned: an item whose object lies in the range is read and verified, and its key is removed
 * from the range. Each object is read once, with the algorithm of its digest, and a store of 100,000 objects takes
 * one scan.
 *
 * The rest of a range at the end of the scan has no item, or its item was written and deleted during the scan: a
 * delete of a large manifest first announces an upload that owns the object and then deletes the item, and the scan
 * may miss both. So the rest stays for the next scan, which sees the upload, unless the sweep has removed the object
 * before. Only what remains then is an orphan, which is hashed to identify it. Uploads own every object with their
 * prefix, and are announced before such an object exists.
 */
export async function scrub(context: Context, options: ScrubOptions = {}): Promise<ScrubReport> {
  const work = new ScrubWork(context, options);
  const { keys: most = MAX_KEYS } = options;
  let left = new UnnamedObjects();
  let range: Range | undefined = await listRange(work, undefined, most);
  while (range !== undefined) {
    await scanTable(work, range, left);
    for (const object of left.keys()) await scrubOrphan(work, object);
    left = range.unnamed;
    range = await nextRange(work, range, most);
  }
  return work.report;
}

/** A part of the store: the objects whose keys are greater than `after` and not greater than `last`. */
interface Range {
  /** Absent for the first one. */
  after?: string;
  /** Last key of the range; absent for the last range, which contains only remaining keys. */
  last?: string;
  /** Keys of the range that no known item names. */
  unnamed: UnnamedObjects;
}

/** Next range of the scan; `undefined` at its end. */
async function nextRange(work: ScrubWork, range: Range, most: number): Promise<Range | undefined> {
  const { last, unnamed } = range;
  if (last !== undefined) return await listRange(work, last, Math.max(1, most - unnamed.size));
  // No key follows, and the remaining keys need one more scan.
  return unnamed.size === 0 ? undefined : { after: END, unnamed: new UnnamedObjects() };
}

/** Greater than every key. */
const END = "~";

async function listRange(work: ScrubWork, after: string | undefined, most: number): Promise<Range> {
  const unnamed = new UnnamedObjects();
  const from = after === undefined ? {} : { after };
  let last = after;
  for (const folder of FOLDERS) {
    for (;;) {
      const limit = Math.min(PAGE_KEYS, most - unnamed.size);
      const keys = await work.context.objects.list(folder, {
        ...(last === undefined ? {} : { after: last }),
        limit,
      });
      for (const key of keys) unnamed.add(key);
      work.report.objects += keys.length;
      last = keys.at(-1) ?? last;
      if (keys.length < limit) break;
      if (unnamed.size >= most && last !== undefined) return { ...from, last, unnamed };
    }
  }
  return { ...from, unnamed };
}

function isInRange({ after, last }: Range, object: string): boolean {
  return (after === undefined || object > after) && (last === undefined || object <= last);
}

/** Scans every item to find the objects of the range. The scan of the first range also checks the items themselves. */
async function scanTable(work: ScrubWork, range: Range, left: UnnamedObjects): Promise<void> {
  const isFirst = range.after === undefined;
  const suspects = new Suspects(work);
  for await (const { items } of scanPages(work.context.table, { limit: PAGE_ITEMS, consistent: true })) {
    if (isFirst) work.report.items += items.length;
    const pointers: Pointer[] = [];
    await inParallel(items, PARALLEL_OBJECTS, async (item) => {
      const known = checkItem(item);
      if (known === undefined) return;
      if (known === "unreadable") {
        if (isFirst) await scrubUnreadable(work, item);
        return;
      }
      const pointer = isFirst ? pointerOf(work, known) : undefined;
      if (pointer !== undefined) pointers.push(pointer);
      crossOut(known, range.unnamed);
      crossOut(known, left);
      await scrubContent(work, known, range);
    });
    await suspects.suspect(pointers, items);
    work.progress();
  }
  await suspects.confirm();
}

/** Crosses out every object that the item names or owns. */
function crossOut(known: KnownItem, unnamed: UnnamedObjects): void {
  if (known.kind === "upload") unnamed.own(known.item.attributes.prefix);
  if (known.kind === "blob" || known.kind === "manifest") {
    const { object } = known.item.attributes;
    if (object !== undefined) unnamed.name(object);
  }
}

/** Verifies the content of an item, if it is in the range. Content within the item counts to the first range. */
async function scrubContent(work: ScrubWork, known: KnownItem, range: Range): Promise<void> {
  if (known.kind !== "blob" && known.kind !== "manifest") return;
  const { object } = known.item.attributes;
  if (object === undefined ? range.after !== undefined : !isInRange(range, object)) return;
  if (known.kind === "blob") await scrubBlob(work, known.digest, known.item);
  else await scrubManifest(work, known.repository, known.digest, known.item);
}

/** Reports an invalid item, if a second read confirms it. */
async function scrubUnreadable(work: ScrubWork, { pk, sk }: Item): Promise<void> {
  const item = await work.context.table.get({ pk, sk }, { consistent: true });
  if (item === undefined || checkItem(item) !== "unreadable") return;
  work.found({
    kind: "unreadable-item",
    name: `${pk} ${sk}`,
    note: "Its attributes do not fit its key",
  });
}
