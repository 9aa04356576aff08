import type { Item } from "../../storage/ports.ts";
import { type Context, forEachOf } from "../protocol/mod.ts";
import { scrubBlob } from "./blob.ts";
import type { ScrubOptions, ScrubReport } from "./finding.ts";
import { checkItem, type KnownItem } from "./known_item.ts";
import { scrubManifest } from "./manifest.ts";
import { scrubOrphan } from "./orphan.ts";
import { type Pointer, pointerOf, Suspects } from "./pointers.ts";
import { ScrubWork } from "./scrub_work.ts";
import { UnnamedObjects } from "./unnamed_objects.ts";

/** Items of one page of a scan, and keys of one list. */
const ITEMS = 100;
const KEYS = 1000;

/** Keys of objects that are held at a time, unless it is told otherwise. */
const MAX_KEYS = 100_000;

/** Objects that are read at the same time. */
const PARALLEL = 4;

/** Folders of the objects of blobs and manifests. Every other object belongs to another program. */
const FOLDERS = ["blobs/", "manifests/"];

/**
 * Reads everything again, and reports whatever is not as it should be. Runs beside pushes, deletes, sweeps and
 * collections in any process, and holds no more than batches: what looks wrong is looked at again, consistently, before it
 * is reported, and what may only be under way is not.
 *
 * Nothing leads from an object to the item that names it, so the objects are taken in ranges of so many keys as may be
 * held. For each range the table is scanned: an item whose object lies in the range has it read and compared, and its key
 * is crossed out. Each object is read once in all, with the algorithm of the digest that names it, and a store of 100,000
 * objects takes one scan. What is left of a range at the end of the scan is not named, or was named by an item that came
 * and went meanwhile: a delete of a large manifest first announces an upload that owns the object and then deletes the
 * item, and the scan may have come too early for the one and too late for the other. So what is left stays for the
 * next scan, which sees the upload, unless the sweep has taken the object before it. Only what that leaves as well is an
 * orphan, which is hashed to find out what it is. Uploads own whatever has their prefix, and are announced before there is any such object.
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
  /** Absent for one that has no end, after which there is only what is left. */
  last?: string;
  /** Of the range's keys, those that no item is known to name. */
  unnamed: UnnamedObjects;
}

/** Next range of the scan; `undefined` at its end. */
async function nextRange(work: ScrubWork, range: Range, most: number): Promise<Range | undefined> {
  const { last, unnamed } = range;
  if (last !== undefined) return await listRange(work, last, Math.max(1, most - unnamed.size));
  // Nothing comes after it, and what is left of it needs one more scan.
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
      const limit = Math.min(KEYS, most - unnamed.size);
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

/** Looks at every item for the sake of the range, and at the first range for the items' own. */
async function scanTable(work: ScrubWork, range: Range, left: UnnamedObjects): Promise<void> {
  const isFirst = range.after === undefined;
  const suspects = new Suspects(work);
  const scan = { limit: ITEMS, consistent: true };
  for (let page = await work.context.table.scan(scan);;) {
    const { items, next } = page;
    if (isFirst) work.report.items += items.length;
    const pointers: Pointer[] = [];
    await forEachOf(items, PARALLEL, async (item) => {
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
    if (next === undefined) break;
    page = await work.context.table.scan({ ...scan, after: next });
  }
  await suspects.confirm();
}

/** Takes out whatever the item names or owns. */
function crossOut(known: KnownItem, unnamed: UnnamedObjects): void {
  if (known.kind === "upload") unnamed.own(known.item.attributes.prefix);
  if (known.kind === "blob" || known.kind === "manifest") {
    const { object } = known.item.attributes;
    if (object !== undefined) unnamed.name(object);
  }
}

/** Reads what the item names, where that is in the range; what has its content in itself counts to the first one. */
async function scrubContent(work: ScrubWork, known: KnownItem, range: Range): Promise<void> {
  if (known.kind !== "blob" && known.kind !== "manifest") return;
  const { object } = known.item.attributes;
  if (object === undefined ? range.after !== undefined : !isInRange(range, object)) return;
  if (known.kind === "blob") await scrubBlob(work, known.digest, known.item);
  else await scrubManifest(work, known.repository, known.digest, known.item);
}

/** Reports an item that is not of its form, where it still is not. */
async function scrubUnreadable(work: ScrubWork, { pk, sk }: Item): Promise<void> {
  const item = await work.context.table.get({ pk, sk }, { consistent: true });
  if (item === undefined || checkItem(item) !== "unreadable") return;
  work.found({
    kind: "unreadable-item",
    name: `${pk} ${sk}`,
    note: "Its attributes do not fit its key",
  });
}
