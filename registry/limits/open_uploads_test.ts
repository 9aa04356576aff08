import { assertEquals, assertRejects } from "@std/assert";
import { RegistryError } from "../../oci/mod.ts";
import { counted } from "../../tests/harness/call_counts.ts";
import { body, content, digest, REPOSITORY, TestStores } from "../../tests/harness/stores.ts";
import type { UploadLimits } from "./open_uploads.ts";
import type { Registry } from "../registry.ts";
import { recording } from "../../telemetry/testing/recording.ts";

const [ALICE, BOB] = ["user:alice", "user:bob"];
const NO_LIMITS: UploadLimits = { openUploads: 0, openUploadBytes: 0 };

/** Two processes of a registry with these limits. */
function open(limits: Partial<UploadLimits>) {
  const stores = new TestStores();
  const options = { uploadLimits: { ...NO_LIMITS, ...limits }, uploadExpiry: 60_000, grace: 60_000 };
  const processes = [stores.registry(options), stores.registry(options)] as const;
  return { stores, processes, options };
}

/** Begins an upload, and answers its id. */
async function begin(registry: Registry, bytes = 3, principal = ALICE): Promise<string> {
  const { id } = await registry.startUpload(REPOSITORY, principal);
  await registry.appendUpload(REPOSITORY, principal, id, body(content(bytes)));
  return id;
}

async function assertTooMany(attempt: () => Promise<unknown>): Promise<void> {
  const error = await assertRejects(attempt, RegistryError);
  assertEquals([error.code, error.status], ["TOOMANYREQUESTS", 429]);
  assertEquals(Number(error.headers["Retry-After"]) > 0, true);
}

Deno.test("appendUpload() begins no more uploads than one principal may have open, in all processes together", async () => {
  const { stores, processes: [one, two] } = open({ openUploads: 3 });
  const first = await begin(one.registry);
  const second = await begin(two.registry);
  stores.now += 5000;
  const third = await begin(one.registry);
  await assertTooMany(() => begin(one.registry));
  stores.now += 5000;
  await assertTooMany(() => begin(two.registry));
  await begin(two.registry, 3, BOB);

  // What is open goes on, and what ends makes room: committed, cancelled or expired.
  await one.registry.commitUpload(REPOSITORY, ALICE, first, digest(content(3)));
  await begin(one.registry);
  await assertTooMany(() => begin(one.registry));
  await two.registry.cancelUpload(REPOSITORY, ALICE, second);
  await begin(two.registry);
  stores.now += 5000;
  await assertTooMany(() => begin(one.registry));
  assertEquals((await one.registry.getUpload(REPOSITORY, ALICE, third)).offset, 3);
  stores.now += 60_001;
  await begin(one.registry);
});

Deno.test("commitUpload() counts a blob that comes whole for as long as it comes", async () => {
  const { processes: [{ registry }] } = open({ openUploads: 1 });
  const bytes = content(20);
  const push = async (stream = body(bytes)) => {
    const { id } = await registry.startUpload(REPOSITORY, ALICE);
    return await registry.commitUpload(REPOSITORY, ALICE, id, digest(bytes), stream);
  };
  const { readable, writable } = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>();
  const writer = writable.getWriter();
  const slow = push({ ...body(bytes), stream: readable });
  await writer.write(bytes.slice(0, 5));
  await assertTooMany(() => push());
  await writer.write(bytes.slice(5));
  await writer.close();
  assertEquals((await slow).size, 20);
  assertEquals((await push()).size, 20);
});

Deno.test("appendUpload() lets exactly as many of many uploads come through as begin at the same moment", async () => {
  const { processes: [{ registry }] } = open({ openUploads: 3 });
  const begun = await Promise.allSettled(Array.from({ length: 10 }, () => begin(registry)));
  assertEquals(begun.filter(({ status }) => status === "fulfilled").length, 3);
});

Deno.test("appendUpload() takes no more bytes than one principal may have in open uploads, announced or not", async () => {
  const { stores, processes: [one, two] } = open({ openUploadBytes: 100 });
  await begin(one.registry, 60);
  const id = await begin(one.registry, 30);
  const append = (bytes: number, options: { length?: number; first?: number } = {}) =>
    two.registry.appendUpload(REPOSITORY, ALICE, id, body(content(bytes), options));
  await assertTooMany(() => append(11, { length: 11 }));
  await assertTooMany(() => append(11, { first: 30 }));
  await assertTooMany(() => append(11));
  await assertTooMany(() => begin(one.registry, 11));
  assertEquals((await two.registry.getUpload(REPOSITORY, ALICE, id)).offset, 30);
  await begin(two.registry, 100, BOB);
  stores.now += 5000;
  await append(10, { length: 10 });
  stores.now += 5000;
  await assertTooMany(() => begin(one.registry, 1));
});

Deno.test("a limit of open uploads costs one request of the table more where an upload begins, and no other", async () => {
  const costs = await Promise.all(
    [undefined, { openUploads: 5, openUploadBytes: 1000 }].map(async (limits) => {
      const stores = new TestStores({ partSize: 4096 });
      const { objects, table, take } = counted(stores.objects, stores.table);
      const { registry } = stores.registry({ objects, table, ...(limits && { uploadLimits: limits }) });
      const id = await begin(registry, 10);
      const first = take().table;
      await registry.appendUpload(REPOSITORY, ALICE, id, body(content(10), { first: 10 }));
      await registry.commitUpload(
        REPOSITORY,
        ALICE,
        id,
        digest(new Uint8Array([...content(10), ...content(10)])),
      );
      return [first, take().table] as const;
    }),
  );
  const [[first, rest], [limitedFirst, limitedRest]] = costs as [[number, number], [number, number]];
  assertEquals([limitedFirst, limitedRest], [first + 1, rest]);
});

Deno.test("sweep() removes expired uploads that are counted, and leaves those that are open", async () => {
  const { stores, processes: [{ registry, sweep }] } = open({ openUploads: 5 });
  await begin(registry);
  await begin(registry, 3, BOB);
  stores.now += 50_000;
  const young = await begin(registry);
  stores.now += 11_000;
  assertEquals((await sweep()).uploads, 2);
  assertEquals((await registry.getUpload(REPOSITORY, ALICE, young)).offset, 3);
  stores.now += 60_000;
  assertEquals((await sweep()).uploads, 1);
  assertEquals(await stores.items(), []);
  assertEquals(await stores.keys(), []);
});

Deno.test("a refusal by the limit of open uploads is reported to telemetry", async () => {
  using events = recording();
  const { processes: [{ registry }] } = open({ openUploads: 1 });
  await begin(registry);
  await assertTooMany(() => begin(registry));
  assertEquals(events.take().filter((event) => event.startsWith("refused")), ["refused open-uploads"]);
});
