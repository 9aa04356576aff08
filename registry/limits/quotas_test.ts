import { assertEquals, assertRejects } from "@std/assert";
import { parseRepositoryName, RegistryError, type RepositoryName } from "../../oci/mod.ts";
import {
  body,
  content,
  digest,
  hooked,
  IMAGE,
  imageOf,
  pushBlob,
  tag,
  TestStores,
} from "../../tests/harness/stores.ts";
import type { NewItem } from "../../storage/mod.ts";
import { UNRESTRICTED_CALLER } from "../caller.ts";
import { stored, type UsageAttributes, usageItem, usageKey } from "../items/mod.ts";
import type { Registry } from "../registry.ts";
import { recording } from "../../telemetry/testing/recording.ts";

const [A, B, ELSEWHERE] = ["team/a", "team/b", "other"].map(parseRepositoryName) as [
  RepositoryName,
  RepositoryName,
  RepositoryName,
];

const CONFIG = content(100, 1);
const IMAGE_BYTES = imageOf(CONFIG, []);

/** A registry with quotas in the repositories of a team, and of one of them. */
function open(bytes: number, ofA = Infinity) {
  const stores = new TestStores();
  const options = {
    quotas: [{ repositories: "team/*", bytes }, { repositories: A as string, bytes: ofA }],
    grace: 60_000,
    deadline: 1000,
  };
  const process = stores.registry(options);
  const used = async (repository: RepositoryName) =>
    stored<UsageAttributes>(await stores.table.get(usageKey(repository)))?.attributes.bytes;
  return { stores, ...process, used, other: () => stores.registry(options).registry };
}

function putImage(registry: Registry, repository: RepositoryName, name: string, bytes = IMAGE_BYTES) {
  const push = { bytes, contentType: IMAGE, reference: { tag: tag(name) }, tags: [], condition: {} };
  return registry.putManifest(repository, UNRESTRICTED_CALLER, push);
}

async function assertFull(attempt: () => Promise<unknown>): Promise<void> {
  const error = await assertRejects(attempt, RegistryError, "quota");
  assertEquals([error.code, error.status], ["DENIED", 403]);
}

Deno.test("a quota holds for all repositories of its pattern together, and for no others", async () => {
  const { registry, used, other } = open(250);
  await pushBlob(registry, content(100, 2), A);
  await pushBlob(registry, content(120, 3), B);
  assertEquals([await used(A), await used(B)], [100, 120]);
  await assertFull(() => pushBlob(registry, content(31, 4), A));
  await assertFull(() => pushBlob(other(), content(31, 4), B));
  await pushBlob(registry, content(1000, 5), ELSEWHERE);
  assertEquals(await used(ELSEWHERE), undefined);
  await pushBlob(registry, content(30, 4), B);
  await assertFull(() => registry.startUpload(A, "user:a"));
});

Deno.test("every quota with a pattern that matches holds", async () => {
  const { registry } = open(1000, 50);
  await assertFull(() => pushBlob(registry, content(51, 2), A));
  await pushBlob(registry, content(51, 2), B);
});

Deno.test("a quota refuses a body by its announced length, or else as its bytes arrive, and leaves nothing", async () => {
  const { registry, stores } = open(100);
  const push = async (options: { length?: number }, stream = body(content(101), options)) => {
    const { id } = await registry.startUpload(A, "user:a");
    await registry.commitUpload(A, "user:a", id, digest(content(101)), stream);
  };
  let pulled = 0;
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({ pull: () => void pulled++ }, {
    highWaterMark: 0,
  });
  await assertFull(() => push({}, { ...body(content(101), { length: 101 }), stream }));
  assertEquals(pulled, 0);
  await assertFull(() => push({}));
  const { id } = await registry.startUpload(A, "user:a");
  await assertFull(() => registry.appendUpload(A, "user:a", id, body(content(101))));
  assertEquals(await stores.keys(), []);
});

Deno.test("a quota that is used up lets tags move, and blobs be that are there", async () => {
  const { registry, used, other } = open(100 + IMAGE_BYTES.length);
  await pushBlob(registry, CONFIG, A);
  await putImage(registry, A, "v1");
  assertEquals(await used(A), 100 + IMAGE_BYTES.length);
  await putImage(registry, A, "v2");
  // A process that has to read first how much is used.
  await putImage(other(), A, "v2");
  assertEquals(await registry.mountBlob(A, UNRESTRICTED_CALLER, digest(CONFIG), undefined), {
    digest: digest(CONFIG),
    size: 100,
  });
  await assertFull(() => putImage(registry, A, "v3", imageOf(CONFIG, [], { annotations: { a: "b" } })));
  assertEquals(await used(A), 100 + IMAGE_BYTES.length);
});

Deno.test("a quota counts mounted blobs, and refuses them", async () => {
  const { registry, used } = open(150);
  await pushBlob(registry, CONFIG, ELSEWHERE);
  await pushBlob(registry, content(101, 3), ELSEWHERE);
  await registry.mountBlob(A, UNRESTRICTED_CALLER, digest(CONFIG), ELSEWHERE);
  assertEquals(await used(A), 100);
  await assertFull(() => registry.mountBlob(A, UNRESTRICTED_CALLER, digest(content(101, 3)), ELSEWHERE));
});

Deno.test("deletes free room in a quota, with a delay in other processes", async () => {
  const { registry, used, stores, other } = open(120 + IMAGE_BYTES.length);
  const late = other();
  await pushBlob(registry, CONFIG, A);
  await putImage(registry, A, "v1");
  await assertFull(() => pushBlob(late, content(30, 2), B));
  await registry.deleteManifest(A, digest(IMAGE_BYTES));
  assertEquals(await used(A), 100);
  await registry.deleteBlob(A, digest(CONFIG));
  assertEquals(await used(A), 0);
  stores.now += 10_001;
  await pushBlob(late, content(30, 2), B);
});

Deno.test("continueCollection() recounts usage after a crash, and content from before the quota", async () => {
  const { registry, used, stores, continueCollection } = open(10_000);
  await pushBlob(registry, CONFIG, A);
  await putImage(registry, A, "v1");
  await stores.table.putMany([usageItem(A, { bytes: 7, at: stores.now })]);
  await stores.registry().registry.putBlob(B, "user:a", digest(CONFIG), body(CONFIG));
  await putImage(stores.registry().registry, B, "v1");
  assertEquals([await used(A), await used(B)], [7, undefined]);
  while (!await continueCollection({ interval: 1000, budget: 1000, removed: () => {} }));
  const expected = 100 + IMAGE_BYTES.length;
  assertEquals([await used(A), await used(B)], [expected, expected]);
});

Deno.test("the usage of a repository is deleted with the repository", async () => {
  const { registry, used, stores, collect } = open(10_000);
  await pushBlob(registry, CONFIG, A);
  await putImage(registry, A, "v1");
  await registry.deleteRepository(A);
  assertEquals(await used(A), undefined);
  await pushBlob(registry, CONFIG, B);
  stores.now += 60_001;
  await collect();
  assertEquals(await used(B), undefined);
});

Deno.test("pushes of many blobs at the same time are all counted", async () => {
  const { registry, used } = open(10_000);
  await Promise.all(Array.from({ length: 6 }, (_, i) => pushBlob(registry, content(10, i), A)));
  assertEquals(await used(A), 60);
});

Deno.test("a quota ends a body in chunks at the first byte that has no room", async () => {
  const { registry } = open(100);
  const { id } = await registry.startUpload(A, "user:a");
  let sent = 0;
  const pull = (controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>) => {
    controller.enqueue(content(10, sent));
    sent += 10;
    if (sent === 1000) controller.close();
  };
  const stream = new ReadableStream({ pull }, { highWaterMark: 0 });
  await assertFull(() => registry.appendUpload(A, "user:a", id, { stream, idle: 60_000 }));
  assertEquals(sent, 110);
  await registry.appendUpload(A, "user:a", id, body(content(100)));
});

Deno.test("a quota holds for pushes at the same time, of blobs, mounts and manifests", async () => {
  const { registry, stores, used } = open(100);
  const before = await stores.keys();
  const blobs = Array.from({ length: 5 }, (_, i) => content(60, i));
  const push = (bytes: Uint8Array<ArrayBuffer>) =>
    registry.putBlob(A, "user:a", digest(bytes), body(bytes, { length: 60 }));
  const pushed = await Promise.allSettled(blobs.map(push));
  assertEquals(pushed.filter(({ status }) => status === "fulfilled").length, 1);
  assertEquals((await stores.keys()).length, before.length + 1);
  for (const bytes of blobs) await pushBlob(registry, bytes, ELSEWHERE);
  const mounted = await Promise.allSettled(
    blobs.map((bytes) => registry.mountBlob(B, UNRESTRICTED_CALLER, digest(bytes), ELSEWHERE)),
  );
  assertEquals(mounted.filter(({ status }) => status === "fulfilled").length, 0);
  assertEquals([await used(A), await used(B)], [60, undefined]);
});

Deno.test("a quota holds for manifests that are pushed at the same time, and a refused one leaves nothing", async () => {
  const room = Math.floor(1.5 * IMAGE_BYTES.length);
  const { registry, stores, used } = open(100 + room);
  await pushBlob(registry, CONFIG, A);
  const images = Array.from({ length: 5 }, (_, i) => imageOf(CONFIG, [], { a: i }));
  const puts = images.map((bytes, i) => putImage(registry, A, `v${i}`, bytes));
  const pushed = await Promise.allSettled(puts);
  assertEquals(pushed.filter(({ status }) => status === "fulfilled").length, 1);
  assertEquals(await used(A), 100 + images[0]!.length);
  const marks = (await stores.items()).filter(({ sk }) => /^(edge|tagged)#/.test(sk));
  assertEquals(marks.length, 2);
});

Deno.test("a manifest whose write fails takes no room", async () => {
  const { stores, used } = open(100 + IMAGE_BYTES.length);
  let isBroken = true;
  const table = hooked(stores.table, (method, [item]) => {
    const isManifest = method === "put" && (item as NewItem).sk.startsWith("manifest#");
    if (isManifest && isBroken) throw new Error("The table does not answer");
  });
  const quotas = [{ repositories: "team/*", bytes: 100 + IMAGE_BYTES.length }];
  const { registry } = stores.registry({ quotas, table });
  await pushBlob(registry, CONFIG, A);
  await assertRejects(() => putImage(registry, A, "v1"), Error, "does not answer");
  isBroken = false;
  await putImage(registry, A, "v1");
  assertEquals(await used(A), 100 + IMAGE_BYTES.length);
});

Deno.test("an open upload takes room until it is cancelled", async () => {
  const { registry } = open(100);
  const uploads = [await registry.startUpload(A, "user:a"), await registry.startUpload(B, "user:a")] as const;
  await registry.appendUpload(A, "user:a", uploads[0].id, body(content(60)));
  const append = () => registry.appendUpload(B, "user:a", uploads[1].id, body(content(60)));
  await assertFull(append);
  await registry.cancelUpload(A, "user:a", uploads[0].id);
  await append();
});

Deno.test("an upload that another process has committed counts once, a minute later", async () => {
  const { registry, other, stores } = open(100);
  const { id } = await registry.startUpload(A, "user:a");
  await registry.appendUpload(A, "user:a", id, body(content(60)));
  await other().commitUpload(A, "user:a", id, digest(content(60)));
  stores.now += 70_000;
  await pushBlob(registry, content(40, 2), A);
  await assertFull(() => pushBlob(registry, content(1, 3), A));
});

for (const [patterns, most] of [[["team/*"], 10], [["team/*", "team/a"], 50]] as const) {
  Deno.test(`${patterns.length} quotas hold whose sums take longer to read than they are believed`, async () => {
    const { stores } = open(100);
    let reads = 0;
    const table = hooked(stores.table, (method) => {
      if (method !== "queryIndex") return;
      if (++reads > most) throw new Error("The sums are read again and again");
      stores.now += 20_000;
    });
    const quotas = patterns.map((repositories) => ({ repositories, bytes: 100 }));
    const { registry } = stores.registry({ table, quotas });
    const { id } = await registry.startUpload(A, "user:a");
    await registry.appendUpload(A, "user:a", id, body(content(60), { chunk: 10 }));
    await assertFull(() => registry.appendUpload(A, "user:a", id, body(content(50), { chunk: 10 })));
  });
}

Deno.test("a refusal by a quota is reported to telemetry once", async () => {
  using events = recording();
  const { registry } = open(250);
  await pushBlob(registry, content(200, 2), A);
  await assertFull(() => pushBlob(registry, content(100, 4), A));
  assertEquals(events.take().filter((event) => event.startsWith("refused")), ["refused quota"]);
});
