import { DatabaseSync } from "node:sqlite";
import { parseRepositoryName } from "../../oci/mod.ts";
import { repositoryKey } from "../../registry/stored.ts";
import { type NewItem, SqliteTable } from "../../storage/mod.ts";
import { garbageItems, imageItems } from "./collection_items.ts";
import type { Figure } from "./figure.ts";
import { type Folder, makeFolder } from "./folder.ts";
import { pairPushes, pushFigures } from "./paired_pushes.ts";
import { peakMemoryOf } from "./server.ts";
import { startSubject } from "./subject.ts";

/** Enough that the pass outlasts the pushes; a whole run takes about a minute. */
const MANIFESTS = 30_000;

/** Images that were deleted, and whose grace period has just ended. */
const DELETED_MANIFESTS = 3_000;

/** Images that are pushed in one sample. */
const PUSHES = 400;

/** Maximum duration of a collection, in milliseconds. */
const LIMIT_MS = 10 * 60_000;

const REPOSITORY = parseRepositoryName("bench/collected");

/** Cost of garbage collection of a large repository for concurrent pushes, and for its own process. */
export async function collection(rounds: number): Promise<Figure[]> {
  await using idle = await makeFolder();
  await using collected = await makeFolder();
  await fill(idle);
  await Deno.copyFile(`${idle.path}/table.sqlite`, `${collected.path}/table.sqlite`);
  await using without = await startSubject({ data: idle, settings: { SKERRY_COLLECT_INTERVAL: "0" } });
  const started = Date.now();
  // Enough time for a pass, so that it can give way to pushes.
  await using subject = await startSubject({ data: collected, settings: { SKERRY_COLLECT_INTERVAL: "20m" } });
  await untilPass(collected, ({ startedAt }) => startedAt >= started);
  const pushes = await pairPushes({ without, during: subject }, { rounds, count: PUSHES });
  const { done } = await untilPass(collected, () => true);
  if (done) throw new Error("The collection ended before the last push, which then shows nothing");
  await untilPass(collected, ({ startedAt, done }) => done && startedAt >= started);
  const [deleted, all] = [DELETED_MANIFESTS, MANIFESTS + DELETED_MANIFESTS].map((n) =>
    n.toLocaleString("en")
  );
  return [...pushFigures(pushes, `push while ${deleted} of ${all} images are collected`), {
    name: "a whole collection and the pushes: resident memory",
    samples: [await peakMemoryOf(subject)],
    unit: "MiB",
    counts: "largest",
    target: { atMost: 256 },
    detail: `${(Deno.statSync(`${collected.path}/table.sqlite`).size / 2 ** 20).toFixed(0)} MiB of items`,
  }];
}

/** A repository whose items all exist and are old; the bytes of its blobs are not read. */
async function fill({ path }: Folder): Promise<void> {
  let versions = 0;
  await using table = await SqliteTable.open(`${path}/table.sqlite`, { newVersion: () => `v${versions++}` });
  const at = Date.now() - 7 * 24 * 60 * 60_000;
  await table.putMany([{ ...repositoryKey(REPOSITORY), attributes: { createdAt: at } }]);
  let items: NewItem[] = [];
  for (let i = 0; i < MANIFESTS + DELETED_MANIFESTS; i++) {
    items.push(...(i < MANIFESTS ? imageItems(REPOSITORY, i, at) : garbageItems(REPOSITORY, i, at)));
    if (items.length < 5000) continue;
    await table.putMany(items);
    items = [];
  }
  await table.putMany(items);
}

/** State of a full pass. */
interface Pass {
  startedAt: number;
  done: boolean;
}

/** Waits until the full pass is as it should be. */
async function untilPass({ path }: Folder, isAwaited: (pass: Pass) => boolean): Promise<Pass> {
  const since = Date.now();
  const database = new DatabaseSync(`${path}/table.sqlite`, { readOnly: true });
  try {
    const progress = database.prepare("SELECT attributes FROM item WHERE pk = 'collection' AND sk = 'pass'");
    for (;;) {
      const attributes = progress.get()?.attributes;
      const pass: Pass | undefined = attributes === undefined ? undefined : JSON.parse(String(attributes));
      if (pass !== undefined && isAwaited(pass)) return pass;
      if (Date.now() - since > LIMIT_MS) throw new Error("The collection has not ended");
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  } finally {
    database.close();
  }
}
