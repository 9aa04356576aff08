import {
  type BlobAttributes,
  manifestKey,
  purgeItem,
  type TagAttributes,
  type UploadAttributes,
} from "../registry/stored.ts";
import { EVERYTHING_TAG } from "../registry/cache_tags.ts";
import { inParallel, type Key, type NewItem, type Table } from "../storage/ports.ts";
import { batches, retryUnavailable } from "./flow.ts";
import { keyOf, type Kind, kindOf, latest, nameOf, objectOf, textOf } from "./kinds.ts";
import type { ItemSource, RestoreOptions, RestoreReport } from "./restore_options.ts";
import { completeManifests } from "./complete_manifests.ts";
import { readMany } from "./snapshot.ts";
import { claimTable, releaseTable } from "./target.ts";

/** Lines at a time: with the largest manifests some 25 MB. */
const BATCH_LINES = 100;

/**
 * Kinds of items, in the order in which they are written. After a crash, or for a process that reads too early, no item
 * points to a missing one: protecting items come first, and pointing items last. Kinds that a snapshot leaves out are
 * in no round: a backup of an earlier release may contain the progress of its collection.
 */
const ROUNDS: Readonly<Record<Kind, readonly Round[]>> = {
  edge: ["protecting"],
  link: ["protecting"],
  "tag mark": ["protecting"],
  repository: ["protecting"],
  blob: ["content"],
  manifest: ["content"],
  candidate: ["content"],
  move: ["content"],
  pull: ["content"],
  usage: ["content"],
  epoch: ["content"],
  "cursor key": ["content"],
  "account token": ["content"],
  "refresh token": ["content"],
  other: ["content"],
  upload: ["content", "pointing"],
  tag: ["pointing"],
  referrer: ["pointing"],
  purge: [],
  event: [],
  delivery: [],
  "dead letter": [],
  lease: [],
  keys: [],
  failures: [],
  restore: [],
};

type Round = "protecting" | "content" | "pointing";

/**
 * Rebuilds an empty table from a backup. Afterwards every tag has its target, every blob and every manifest has its
 * bytes, and incomplete manifests have been reported. After an interruption, call it again with the same source: it
 * starts again, and every write is the same.
 *
 * @throws {BackupError} if the table contains anything else.
 */
export async function restore(source: ItemSource, options: RestoreOptions): Promise<RestoreReport> {
  const { table, salvage, progress = () => {} } = options;
  const report: RestoreReport = { blobs: 0, manifests: 0, tags: 0, lost: 0, incomplete: 0, dropped: 0 };
  await claimTable(table, source.id);
  const run = async (round: Round, writeBatch: typeof putContent) => {
    for await (const batch of batches(source.items(), BATCH_LINES)) {
      const items = latest(batch.filter((item) => ROUNDS[kindOf(item)].includes(round)));
      if (items.length > 0) await writeBatch(items, options, report);
      progress(batch.length);
    }
  };
  await run("protecting", protect);
  await run("content", putContent);
  await salvage?.run(table);
  Object.assign(report, await completeManifests(options));
  await run("pointing", putPointers);
  // Before the marker goes: an interrupted restore is repeated.
  if (options.purges === true) await write(table, [purgeOfEverything()]);
  await releaseTable(table);
  return report;
}

/** Purge of every answer: a shared cache may have stored those of an earlier table, which other repositories were in. */
function purgeOfEverything(): NewItem {
  const at = Date.now();
  return purgeItem([EVERYTHING_TAG], { at, due: at });
}

function protect(items: NewItem[], { table }: RestoreOptions): Promise<void> {
  return write(table, items);
}

/**
 * Writes blobs and manifests whose bytes exist. Uploads wait outside the sweep's index until the blobs that they became
 * exist.
 */
async function putContent(items: NewItem[], options: RestoreOptions, report: RestoreReport): Promise<void> {
  const kept = await inParallel(items, options.parallel, async (item) => {
    const object = objectOf(item);
    const reason = object && await options.obtain(object);
    if (reason === undefined) return item;
    report.lost++;
    options.report(`${nameOf(item)}: ${reason}`);
    return undefined;
  });
  const found = kept.filter((item) => item !== undefined);
  await options.salvage?.know(found);
  await write(options.table, found.flatMap((item) => asRestored(item, options)).map(held));
}

/** Writes tags and referrers whose manifest exists, and uploads for the sweep, except uploads that are complete. */
async function putPointers(items: NewItem[], options: RestoreOptions, report: RestoreReport): Promise<void> {
  const { table } = options;
  const pointers = items.flatMap((item) => asRestored(item, options));
  const targets = await readMany(table, latest(pointers.map(targetOf)));
  const there = new Set(targets.map(textOf));
  const kept = pointers.filter((item) => there.has(textOf(targetOf(item))));
  for (const tag of pointers.filter((item) => kindOf(item) === "tag" && !kept.includes(item))) {
    report.dropped++;
    const { digest } = tag.attributes as TagAttributes;
    options.report(`${nameOf(tag)}: its manifest is missing: ${digest}`);
  }
  report.tags += kept.filter((item) => kindOf(item) === "tag").length;
  await write(table, kept);
}

/** Key of the item that must exist before this one is written. */
function targetOf(item: NewItem): Key {
  const key = keyOf(item);
  if (key.kind === "tag") return manifestKey(key.repository, (item.attributes as TagAttributes).digest);
  return key.kind === "referrer" ? manifestKey(key.repository, key.manifest) : item;
}

/** The item as it goes into a table that no other process uses: none that was at work before is at work on this one. */
function asRestored(item: NewItem, { uploads }: RestoreOptions): NewItem[] {
  if (kindOf(item) === "blob") {
    // Its object exists. If a process was about to delete it, that was in another table.
    const attributes = item.attributes as BlobAttributes;
    return [
      attributes.state === "deleting" ? { ...item, attributes: { ...attributes, state: "live" } } : item,
    ];
  }
  if (kindOf(item) !== "upload") return [item];
  const attributes = item.attributes as UploadAttributes;
  if (attributes.state === "done") {
    // The backup may have an upload without its blob: then its object belongs to nothing, and only a list finds it.
    const { left: _, ...listed } = attributes;
    return [{ ...item, attributes: listed }];
  }
  // The bytes that its client has sent since the backup are unknown here, so the upload cannot continue.
  return uploads === "sweep" ? [{ ...item, attributes: { ...attributes, state: "aborting" } }] : [];
}

/** An upload as the sweep does not find it: by the index alone. */
function held(item: NewItem): NewItem {
  const { index: _, ...rest } = item;
  return kindOf(item) === "upload" ? rest : item;
}

async function write(table: Table, items: NewItem[]): Promise<void> {
  if (items.length > 0) await retryUnavailable(() => table.putMany(items));
}
