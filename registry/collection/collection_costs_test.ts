import { assertEquals } from "@std/assert";
import { SWEPT } from "../../cli/cost/counted.ts";
import { type Calls, counted } from "../../tests/harness/call_counts.ts";
import {
  body,
  content,
  digest,
  imageOf,
  PRINCIPAL,
  pushBlob,
  pushManifest,
  REPOSITORY,
  TestStores,
} from "../../tests/harness/stores.ts";
import { createRegistry, type Registry } from "../mod.ts";

const HOUR = 60 * 60_000;
const CONFIG = content(100, 1);
const LAYERS = Array.from({ length: 10 }, (_, i) => content(1000, 2 + i));

/** One process over stores whose parts are larger than any blob here. */
function startProcess() {
  const stores = new TestStores({ partSize: 4096 });
  const { objects, table, take } = counted(stores.objects, stores.table);
  return { stores, take, ...createRegistry({ objects, table, now: () => stores.now }) };
}

/** Requests of a run beyond those of a run that finds nothing to do. */
async function costOf(take: () => Calls, run: () => Promise<unknown>): Promise<Calls> {
  take();
  await run();
  const all = take();
  await run();
  const idle = take();
  return { table: all.table - idle.table, objects: all.objects - idle.objects };
}

/** Requests for the uploads of `push` once they have expired. */
async function costOfSweep(push: (registry: Registry) => Promise<unknown>): Promise<Calls> {
  const { stores, take, registry, sweep } = startProcess();
  await push(registry);
  stores.now += 25 * HOUR;
  return await costOf(take, sweep);
}

async function patch(registry: Registry, chunks: number): Promise<string> {
  const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
  for (let i = 0; i < chunks; i++) await registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(CONFIG));
  return id;
}

async function referTo(registry: Registry, bytes: Uint8Array): Promise<void> {
  await pushManifest(registry, imageOf(bytes, []));
}

Deno.test("sweep() costs these requests for each upload (docs/costs.md)", async () => {
  const costs = (push: (registry: Registry) => Promise<unknown>) =>
    costOfSweep(async (registry) => {
      await push(registry);
      await referTo(registry, CONFIG);
    });
  const commit = (registry: Registry, id: string) =>
    registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(CONFIG));
  assertEquals(await costs((registry) => pushBlob(registry, CONFIG)), { table: 2, objects: 0 }, "POST, PUT");
  assertEquals(
    await costs(async (registry) => await commit(registry, await patch(registry, 1))),
    { table: SWEPT.table, objects: 0 },
    "POST, PATCH, PUT",
  );
  assertEquals(
    await costs(async (registry) => {
      await pushBlob(registry, CONFIG);
      await commit(registry, await patch(registry, 1));
    }),
    { table: 4, objects: 1 },
    "POST, PUT, and POST, PATCH, PUT of the same, whose object was dropped",
  );
  assertEquals(
    await costOfSweep(async (registry) => {
      const id = await patch(registry, 2);
      const both = new Uint8Array([...CONFIG, ...CONFIG]);
      await registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(both));
      await referTo(registry, both);
    }),
    { table: 5, objects: 2 },
    "POST, PATCH, PATCH, PUT",
  );
  assertEquals(
    await costOfSweep((registry) => pushBlob(registry, CONFIG)),
    { table: 3, objects: 0 },
    "a blob that no manifest references, which becomes a candidate",
  );
  assertEquals(await costOfSweep((registry) => patch(registry, 1)), { table: 3, objects: 3 }, "abandoned");
});

/** Requests for the candidates of `remove` once they are due. */
async function costOfCandidates(
  make: (registry: Registry) => Promise<unknown>,
  remove: (registry: Registry) => Promise<unknown>,
): Promise<Calls> {
  const { stores, take, registry, sweep, collectCandidates } = startProcess();
  const other = imageOf(content(50, 99), []);
  await pushBlob(registry, content(50, 99));
  await pushManifest(registry, other, "other");
  await make(registry);
  stores.now += 25 * HOUR;
  await sweep();
  await remove(registry);
  stores.now += 27 * HOUR;
  return await costOf(take, collectCandidates);
}

Deno.test("collectCandidates() costs these requests for each candidate (docs/costs.md)", async () => {
  const lease = 3;
  for (const [layers, table] of [[0, 21], [1, 31], [10, 121]] as const) {
    const image = imageOf(CONFIG, LAYERS.slice(0, layers));
    const make = async (registry: Registry) => {
      for (const bytes of [CONFIG, ...LAYERS.slice(0, layers)]) await pushBlob(registry, bytes);
      await pushManifest(registry, image, "a");
    };
    assertEquals(
      await costOfCandidates(make, (registry) => registry.deleteManifest(REPOSITORY, digest(image))),
      { table: lease + table, objects: 1 + layers },
      `a deleted manifest with a configuration and ${layers} layers`,
    );
  }
  const images = LAYERS.slice(0, 8).map((bytes) => ({ bytes, image: imageOf(bytes, []) }));
  const shards = new Set(images.map(({ image }) => digest(image).at("sha256:".length))).size;
  assertEquals(
    await costOfCandidates(
      async (registry) => {
        for (const { bytes, image } of images) {
          await pushBlob(registry, bytes);
          await pushManifest(registry, image, digest(bytes).slice(-8));
        }
      },
      async (registry) => {
        for (const { image } of images) await registry.deleteManifest(REPOSITORY, digest(image));
      },
    ),
    { table: shards * lease + 8 * 18 + 3, objects: 8 },
    "eight deleted manifests of one repository, each with a configuration",
  );
  const [one, two] = [imageOf(CONFIG, []), imageOf(CONFIG, [LAYERS[0]!])];
  const make = async (registry: Registry) => {
    for (const bytes of [CONFIG, LAYERS[0]!]) await pushBlob(registry, bytes);
    await pushManifest(registry, one, "a");
    await pushManifest(registry, two, "b");
  };
  assertEquals(
    await costOfCandidates(make, (registry) => pushManifest(registry, two, "a")),
    { table: lease + 5, objects: 0 },
    "a moved tag",
  );
});
