// Trips home of a pull in a model of the world: stores far away, a process and a shared cache near the client.
import { assertEquals } from "@std/assert";
import {
  bytesOf,
  digestOf,
  indexOf,
  manifestOf,
  pushBlob,
  pushManifest,
  type Send,
  type TestManifest,
} from "../harness/content.ts";
import { ADMINISTRATOR, basic } from "../harness/secured.ts";
import { PUBLIC_HOST, type Region, startWorld, type World } from "./world.ts";
import { type ClientKind, type Pull, pull } from "./world_client.ts";

const REPOSITORY = "public/app";
const TAG = "v1";
const LAYERS = 5;

/** Bytes of a layer: more than a process keeps in memory. */
const LAYER_BYTES = 100_000;

/** Requests of a client for an image: ping, HEAD, index, manifest, configuration and layers. */
const REQUESTS = 5 + LAYERS;

/** A row of docs/caching.md. */
interface Case {
  row: string;
  /** Keys of `public`. */
  settings: Record<string, unknown>;
  reference: "tag" | "digest";
  /** True if the client reaches the registry without the shared cache. */
  isDirect?: true;
}

const CASES: Case[] = [
  { row: "no shared cache", settings: {}, reference: "tag", isDirect: true },
  { row: "by tag, `tagTtl: 0`", settings: {}, reference: "tag" },
  { row: "by tag, within `tagTtl`", settings: { tagTtl: "1m" }, reference: "tag" },
  { row: "by digest", settings: {}, reference: "digest" },
];

const DOCKER: ClientKind = { isNewConnectionEach: true };
const CONTAINERD: ClientKind = { isNewConnectionEach: false };

/** Pushes an image of five layers under an index. */
async function pushImage(send: Send): Promise<TestManifest> {
  const config = bytesOf('{"architecture":"amd64","os":"linux"}');
  const layers = Array.from({ length: LAYERS }, (_, i) => new Uint8Array(LAYER_BYTES).fill(i));
  for (const blob of [config, ...layers]) await pushBlob(send, REPOSITORY, blob);
  const described = (bytes: Uint8Array, kind: string) => ({
    mediaType: `application/vnd.oci.image.${kind}`,
    digest: digestOf(bytes),
    size: bytes.length,
  });
  const manifest = manifestOf({
    config: described(config, "config.v1+json"),
    layers: layers.map((layer) => described(layer, "layer.v1.tar")),
  });
  await pushManifest(send, REPOSITORY, manifest);
  return await pushManifest(send, REPOSITORY, indexOf([manifest]), TAG);
}

/** Cells of a row of the table: requests to the registry, to the table, to the objects, and rounds. */
function cellsOf(pulled: Pull, { table, objects, rounds }: ReturnType<World["take"]>): string[] {
  return [pulled.misses, table, objects, rounds].map(String);
}

/** Pulls twice like docker and then in other ways, and returns the rows of the first two pulls. */
async function rowsOf(world: World, region: Region, index: TestManifest, each: Case): Promise<string[][]> {
  const { port } = each.isDirect ? region.registry : region.varnish;
  const reference = each.reference === "tag" ? TAG : index.digest;
  async function pulled(kind: ClientKind): Promise<string[]> {
    world.take();
    const done = await pull({ host: PUBLIC_HOST, port }, { repository: REPOSITORY, reference }, kind);
    assertEquals([done.requests, done.connections], [REQUESTS, kind.isNewConnectionEach ? REQUESTS : 1]);
    return cellsOf(done, world.take());
  }
  const rows = [["first", ...await pulled(DOCKER)], ["second", ...await pulled(DOCKER)]];
  if (!each.isDirect) {
    // Neither the connections of a client nor its account make a difference.
    const [, ...second] = rows[1]!;
    assertEquals(await pulled(CONTAINERD), second);
    assertEquals(await pulled({ ...DOCKER, authorization: basic(ADMINISTRATOR) }), second);
  }
  return rows.map(([which, ...cells]) => [each.row, which!, ...cells]);
}

/** Rows of the table of docs/caching.md with this heading. */
async function documentedRows(heading: string): Promise<string[][]> {
  const page = await Deno.readTextFile(new URL("../../docs/caching.md", import.meta.url));
  const lines = page.split("\n");
  const begin = lines.findIndex((line) => line.startsWith(`| ${heading} `));
  const table = lines.slice(begin + 2, lines.indexOf("", begin));
  return table.map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
}

/** Column of the requests to the table, after the names of the row. */
const TABLE_COLUMN = 3;

/**
 * The rows with the documented number of requests to the table where there were at most so many: layers that are
 * requested at the same time share reads of the epoch, more or fewer of them.
 */
function withinBounds(rows: readonly string[][], documented: readonly string[][]): string[][] {
  return rows.map((row, i) => {
    const most = documented[i]?.[TABLE_COLUMN] ?? "";
    return Number(row[TABLE_COLUMN]) <= Number(most) ? row.with(TABLE_COLUMN, most) : row;
  });
}

Deno.test("a pull makes the trips home that docs/caching.md lists, first and second, by tag and by digest", async () => {
  await using world = await startWorld();
  const index = await pushImage(world.home);
  const regions = await Promise.all(CASES.map(({ settings }) => world.startRegion(settings)));
  const rows: string[][] = [];
  for (const [i, each] of CASES.entries()) rows.push(...await rowsOf(world, regions[i]!, index, each));
  const documented = await documentedRows("pull of an image");
  assertEquals(withinBounds(rows, documented), documented);
});
