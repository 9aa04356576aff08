import process from "node:process";
import { createHash } from "node:crypto";
import { type Digest, digestOf, parseRepositoryName, type Tag } from "../../oci/mod.ts";
import { parsePushedManifest } from "../../oci/manifest.ts";
import { createRegistry, type Registry, UNRESTRICTED_CALLER } from "../../registry/mod.ts";
import { blobKey, linkItem, moveKey, referrerItem, repositoryKey, tagKey } from "../../registry/stored.ts";
import { MemoryObjectStore, type NewItem, SqliteTable, type Table } from "../../storage/mod.ts";
import { DynamoTable } from "../../storage/table/dynamodb/mod.ts";
import { createTable, CREDENTIALS_ENV, REGION, startDynamoDb } from "../services/mod.ts";
import type { Figure } from "./figure.ts";
import { interleave, ratios } from "./rounds.ts";
import { microseconds } from "./text.ts";

const REPOSITORY = parseRepositoryName("bench/lists");
const PUSHED_AT = Date.now();

/** A list whose cost for each item must not depend on its length. */
interface List {
  name: string;
  /** Items of the long list. The short one has 1,000. */
  long: number;
  /** Items of the table from which the list with `count` entries is made. */
  items: (count: number) => Iterable<NewItem>;
  /** Longest CPU time in milliseconds for which it may keep the event loop. */
  stretch: number;
  /** Reads or writes the whole list, and answers how many entries it had. */
  run: (registry: Registry, count: number) => Promise<number>;
}

const SHORT = 1000;

const LISTS: List[] = [
  {
    name: "tags",
    long: 100_000,
    stretch: 20,
    items: tagItems,
    run: (registry) => walk((after) => registry.listTags(REPOSITORY, after)),
  },
  {
    name: "catalog",
    long: 100_000,
    stretch: 20,
    items: repositoryItems,
    run: (registry) => walk((after) => registry.listRepositories(after, UNRESTRICTED_CALLER)),
  },
  {
    name: "referrers",
    long: 10_000,
    stretch: 20,
    items: referrerItems,
    run: (registry) =>
      walk(({ after }) => {
        return registry.listReferrers(REPOSITORY, SUBJECT, { artifactTypes: [], ...(after && { after }) });
      }),
  },
  // The strict parser reads a manifest of 1.5 MB at once.
  { name: "push of layers", long: 10_000, stretch: 100, items: layerItems, run: pushLayers },
];

/** Lists, and a manifest with many layers: CPU time for each entry, long beside short, and the longest stretch of work. */
export async function lists(rounds: number): Promise<Figure[]> {
  const folder = await Deno.makeTempDir({ prefix: "skerry-lists-" });
  try {
    const figures = await listsOver("folder", rounds, (name) => SqliteTable.open(`${folder}/${name}.db`));
    for (const [name, value] of Object.entries(CREDENTIALS_ENV)) Deno.env.set(name, value);
    await using dynamoDb = await startDynamoDb();
    const { endpoint } = dynamoDb;
    const open = async (name: string) => {
      await createTable(endpoint, name);
      return await DynamoTable.open({ table: name, region: REGION, endpoint });
    };
    return [...figures, ...await listsOver("DynamoDB", rounds, open)];
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

type Open = (name: string) => Promise<Table & AsyncDisposable>;

async function listsOver(place: string, rounds: number, open: Open): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const list of LISTS) {
    await using short = await prepare(list, SHORT, open);
    await using long = await prepare(list, list.long, open);
    const stretches: number[] = [];
    const times = await interleave(rounds, {
      short: short.measure,
      long: long.measure,
      // By itself: while the table is waited for, the watch takes as much CPU time as the list.
      watched: async () => {
        const stretch = watchLoop();
        const time = await long.measure();
        stretches.push(stretch.end() / list.stretch);
        return time;
      },
    });
    const length = list.long.toLocaleString("en");
    figures.push({
      name: `${place}: ${list.name}: CPU for one of ${length} / of ${SHORT}`,
      samples: ratios(times.long, times.short),
      unit: "x",
      counts: "median",
      target: { atMost: 1.5 },
      detail: `${microseconds(times.long)}, ${microseconds(times.short)}`,
    }, {
      name: `${place}: ${list.name}: longest stretch / ${list.stretch} ms`,
      samples: stretches.slice(1),
      unit: "x",
      counts: "median",
      target: { atMost: 1 },
      detail: `of ${length}`,
    });
  }
  return [...figures, await movedTags(place, rounds, open)];
}

/** CPU time for a list of tags that moved often, beside tags that never moved: a list reads no earlier moves. */
async function movedTags(place: string, rounds: number, open: Open): Promise<Figure> {
  const run = (registry: Registry) => walk((after) => registry.listTags(REPOSITORY, after));
  const list = (name: string, items: List["items"]) => prepare({ name, items, run }, SHORT, open);
  await using still = await list("still tags", tagItems);
  await using moved = await list("moved tags", movedTagItems);
  const times = await interleave(rounds, { still: still.measure, moved: moved.measure });
  return {
    name: `${place}: tags: CPU for one that moved ${MOVES} times / never`,
    samples: ratios(times.moved, times.still),
    unit: "x",
    counts: "median",
    target: { atMost: 1.5 },
    detail: `${microseconds(times.moved)}, ${microseconds(times.still)}`,
  };
}

/** A registry with a list, and its CPU time for each entry in milliseconds. */
async function prepare(list: Pick<List, "name" | "items" | "run">, count: number, open: Open) {
  const table = await open(`${list.name.replaceAll(" ", "-")}-${count}`);
  const items = [...list.items(count)];
  for (let at = 0; at < items.length; at += 500) await table.putMany(items.slice(at, at + 500));
  const { registry } = createRegistry({ table, objects: new MemoryObjectStore({ partSize: 1024 }) });
  const measure = async () => {
    const before = cpuTime();
    const entries = await list.run(registry, count);
    if (entries !== count) throw new Error(`Cannot compare: ${list.name} has ${entries} of ${count} entries`);
    return (cpuTime() - before) / count;
  };
  return { measure, [Symbol.asyncDispose]: () => table[Symbol.asyncDispose]() };
}

/** CPU time of this process in milliseconds. */
function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Measures the CPU time between two turns of the event loop; `end` answers the longest one in milliseconds. */
function watchLoop(): { end: () => number } {
  let longest = 0;
  let last = cpuTime();
  let isOver = false;
  const turn = () => {
    const now = cpuTime();
    longest = Math.max(longest, now - last);
    last = now;
    if (!isOver) setTimeout(turn, 0);
  };
  setTimeout(turn, 0);
  return {
    end() {
      isOver = true;
      turn();
      return longest;
    },
  };
}

/** Reads all pages of a list, and answers the number of entries. */
async function walk(
  read: (page: { after?: string }) => Promise<{ items: unknown[]; next?: string }>,
): Promise<number> {
  let count = 0;
  let after: string | undefined;
  do {
    const { items, next } = await read(after === undefined ? {} : { after });
    count += items.length;
    after = next;
  } while (after !== undefined);
  return count;
}

function sha256(text: string | Uint8Array): Digest {
  return digestOf("sha256", createHash("sha256").update(text).digest("hex"));
}

const MEDIA_TYPE = "application/vnd.oci.image.manifest.v1+json";
const SUBJECT = sha256("subject");
const CONFIG = { mediaType: "application/vnd.oci.empty.v1+json", digest: sha256("{}"), size: 2 };

/** Moves of each of the tags that moved often. */
const MOVES = 33;

function tagItems(count: number): Generator<NewItem> {
  return tagsAfter(1, count);
}

function movedTagItems(count: number): Generator<NewItem> {
  return tagsAfter(MOVES, count);
}

/** Tags after so many moves each: the last one in the item, the earlier ones beside it. */
function* tagsAfter(last: number, count: number): Generator<NewItem> {
  for (let i = 0; i < count; i++) {
    const tag = `v1.${i}` as Tag;
    const history = sha256(tag).slice(-32);
    const target = { digest: sha256(`${i}`), mediaType: MEDIA_TYPE, size: 1000 };
    const move = { digest: target.digest, mediaType: MEDIA_TYPE, at: PUSHED_AT, by: "anonymous" };
    for (let number = 1; number < last; number++) {
      yield { ...moveKey(REPOSITORY, tag, history, number), attributes: move };
    }
    yield {
      ...tagKey(REPOSITORY, tag),
      attributes: { ...target, pushedAt: PUSHED_AT, moves: [move], history: { id: history, last } },
    };
  }
}

function* repositoryItems(count: number): Generator<NewItem> {
  for (let i = 0; i < count; i++) {
    yield { ...repositoryKey(parseRepositoryName(`team/app-${i}`)), attributes: { createdAt: PUSHED_AT } };
  }
}

function* referrerItems(count: number): Generator<NewItem> {
  for (let i = 0; i < count; i++) {
    const bytes = encode({
      config: CONFIG,
      layers: [],
      subject: { mediaType: MEDIA_TYPE, digest: SUBJECT, size: 1000 },
      annotations: { number: `${i}` },
    });
    yield referrerItem(REPOSITORY, parsePushedManifest(bytes, MEDIA_TYPE), sha256(bytes), bytes.length)!;
  }
}

function layersOf(count: number): { mediaType: string; digest: Digest; size: number }[] {
  const mediaType = "application/vnd.oci.image.layer.v1.tar+gzip";
  return Array.from({ length: count }, (_, i) => ({ mediaType, digest: sha256(`layer ${i}`), size: 1000 }));
}

function* layerItems(count: number): Generator<NewItem> {
  for (const { digest, size } of [CONFIG, ...layersOf(count)]) {
    const object = `blobs/${digest.slice(7)}`;
    yield { ...blobKey(digest), attributes: { size, object, state: "live", writtenAt: PUSHED_AT } };
    yield linkItem(digest, REPOSITORY, PUSHED_AT);
  }
}

async function pushLayers(registry: Registry, count: number): Promise<number> {
  const bytes = encode({ config: CONFIG, layers: layersOf(count) });
  const reference = { digest: sha256(bytes) };
  const push = { bytes, contentType: MEDIA_TYPE, reference, tags: [], condition: {} };
  await registry.putManifest(REPOSITORY, UNRESTRICTED_CALLER, push);
  return count;
}

function encode(manifest: object): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPE, ...manifest }));
}
