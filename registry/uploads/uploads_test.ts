import { assertEquals, assertInstanceOf, assertNotEquals, assertRejects } from "@std/assert";
import { parseRepositoryName, RegistryError, type RepositoryName } from "../../oci/mod.ts";
import {
  body,
  content,
  digest,
  hooked,
  PRINCIPAL,
  readBlob,
  REPOSITORY,
  TestStores,
} from "../../tests/harness/stores.ts";
import type { NewItem } from "../../storage/mod.ts";
import { OffsetMismatch } from "./offset_mismatch.ts";
import type { Registry } from "../registry.ts";

/** Cuts bytes into chunks of these sizes, over and over. */
function chunksOf(bytes: Uint8Array<ArrayBuffer>, sizes: number[]): Uint8Array<ArrayBuffer>[] {
  const chunks = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    chunks.push(bytes.slice(at, at += sizes[i % sizes.length]!));
  }
  return chunks;
}

async function upload(
  registry: Registry,
  chunks: Uint8Array<ArrayBuffer>[],
  ranged: boolean,
): Promise<string> {
  const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
  let first = 0;
  for (const chunk of chunks) {
    const range = ranged ? { first } : {};
    const status = await registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(chunk, range));
    first += chunk.length;
    assertEquals(status, { id, offset: first });
  }
  return id;
}

for (const sizes of [[1], [3], [7, 1], [8], [9], [16, 5], [1000]]) {
  for (const ranged of [false, true]) {
    for (const algorithm of ["sha256", "sha512"] as const) {
      const title = `chunks of ${sizes} bytes ${ranged ? "with" : "without"} Content-Range as ${algorithm}`;
      Deno.test(`commitUpload() makes one right object of ${title}`, async () => {
        for (const size of [0, 1, 7, 8, 9, 16, 100]) {
          const stores = new TestStores();
          const { registry } = stores.registry();
          const bytes = content(size);
          const id = await upload(registry, chunksOf(bytes, sizes), ranged);
          const blob = digest(bytes, algorithm);
          const info = await registry.commitUpload(REPOSITORY, PRINCIPAL, id, blob);
          assertEquals(info, { digest: blob, size });
          assertEquals(await readBlob(registry, blob), bytes);
          assertEquals((await stores.keys()).length, 1, `objects for ${size} bytes`);
          assertEquals(await stores.objects.listParts("", 10), []);
        }
      });
    }
  }
}

Deno.test("commitUpload() makes one object of tiny chunks beyond the pieces that an item holds", async () => {
  const stores = new TestStores({ partSize: 1024 });
  const { registry } = stores.registry();
  const bytes = content(300);
  const id = await upload(registry, chunksOf(bytes, [1]), true);
  const [item] = (await stores.items()).filter((item) => item.sk === "upload");
  assertEquals((item?.attributes.tail as unknown[]).length <= 65, true);
  await registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(bytes));
  assertEquals(await readBlob(registry, digest(bytes)), bytes);
  assertEquals((await stores.keys()).length, 1);
});

Deno.test("commitUpload() takes a last chunk that comes with it", async () => {
  for (const [before, last] of [[0, 5], [3, 2], [3, 8], [8, 8], [20, 20], [8, 0], [5, 3]] as const) {
    const stores = new TestStores();
    const { registry } = stores.registry();
    const bytes = content(before + last);
    const id = await upload(registry, before === 0 ? [] : [bytes.slice(0, before)], true);
    const rest = body(bytes.slice(before), last === 0 ? {} : { first: before });
    await registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(bytes), rest);
    assertEquals(await readBlob(registry, digest(bytes)), bytes);
    assertEquals((await stores.keys()).length, 1, `${before} and ${last} bytes`);
  }
});

Deno.test("commitUpload() stores no empty part where the bytes before it end with a part", async () => {
  const stores = new TestStores();
  const sizes: number[] = [];
  const objects = hooked(stores.objects, (method, args) => {
    if (method === "putPart") sizes.push((args[3] as Uint8Array).length);
  });
  const { registry } = stores.registry({ objects });
  const bytes = content(16);
  const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
  await registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(bytes));
  await registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(bytes), body(new Uint8Array(0)));
  assertEquals(sizes, [8, 8]);
  assertEquals(await readBlob(registry, digest(bytes)), bytes);
});

Deno.test("appendUpload() answers where the upload stands when a chunk is out of order", async () => {
  const { registry } = new TestStores().registry();
  const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
  const early = await assertRejects(
    () => registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(content(5), { first: 7 })),
    OffsetMismatch,
  );
  assertEquals(early.upload, { id, offset: 0 });
  await registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(content(20), { first: 0 }));
  const again = await assertRejects(
    () => registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(content(20), { first: 0 })),
    OffsetMismatch,
  );
  assertEquals([again.status, again.code, again.upload], [416, "BLOB_UPLOAD_INVALID", { id, offset: 20 }]);
  const put = await assertRejects(
    () =>
      registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(content(25)), body(content(5), { first: 3 })),
    OffsetMismatch,
  );
  assertEquals(put.upload, { id, offset: 20 });
  const rest = body(content(25).slice(20), { first: 20 });
  await registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(content(25)), rest);
  assertEquals(await readBlob(registry, digest(content(25))), content(25));
});

for (const size of [3, 8, 30]) {
  Deno.test(`appendUpload() lets one of two racing chunks of ${size} bytes win`, async () => {
    for (const before of [0, 3, 8, 21]) {
      const stores = new TestStores();
      const { registry } = stores.registry();
      const start = content(before, 1);
      const id = await upload(registry, before === 0 ? [] : [start], false);
      const racers = [content(size, 2), content(size, 3)];
      const results = await Promise.allSettled(
        racers.map((bytes) => registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(bytes))),
      );
      const winner = results.findIndex((result) => result.status === "fulfilled");
      const loser = results[1 - winner];
      assertNotEquals(winner, -1);
      assertInstanceOf(loser?.status === "rejected" ? loser.reason : undefined, OffsetMismatch);
      const whole = new Uint8Array([...start, ...racers[winner]!]);
      await registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(whole));
      assertEquals(await readBlob(registry, digest(whole)), whole);
    }
  });
}

Deno.test("appendUpload() fails where a part fails while it waits for the last ones", async () => {
  const stores = new TestStores();
  const objects = hooked(stores.objects, async (method) => {
    if (method !== "putPart") return;
    await new Promise((resolve) => setTimeout(resolve));
    throw new Error("The disk is full");
  });
  const { registry } = stores.registry({ objects });
  const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
  const append = () => registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(content(20)));
  await assertRejects(append, Error, "The disk is full");
  assertEquals((await registry.getUpload(REPOSITORY, PRINCIPAL, id)).offset, 0);
});

Deno.test("commitUpload() leaves nothing of a last chunk when another request has written the upload", async () => {
  const stores = new TestStores({ partSize: 64 });
  const { registry } = stores.registry();
  const bytes = content(60);
  const id = await upload(registry, [bytes.slice(0, 20)], false);
  const before = await stores.keys();
  let reached = false;
  const table = hooked(stores.table, async (method, [item]) => {
    const { pk, sk, attributes } = item as NewItem;
    if (method !== "put" || reached || attributes["state"] !== "committing") return;
    reached = true;
    const { version: _, ...current } = (await stores.table.get({ pk, sk }))!;
    await stores.table.putMany([current]);
  });
  const late = stores.registry({ table }).registry;
  const rest = body(bytes.slice(20), { first: 20 });
  const commit = () => late.commitUpload(REPOSITORY, PRINCIPAL, id, digest(bytes), rest);
  await assertRejects(commit, RegistryError);
  assertEquals(reached, true);
  assertEquals(await stores.keys(), before);
});

Deno.test("appendUpload() keeps the received bytes of a broken body", async () => {
  for (const ranged of [false, true]) {
    const { registry } = new TestStores().registry();
    const bytes = content(40);
    const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
    const broken = body(bytes.slice(0, 25), {
      error: new Error("connection reset"),
      length: 40,
      ...(ranged ? { first: 0 } : {}),
    });
    const error = await assertRejects(
      () => registry.appendUpload(REPOSITORY, PRINCIPAL, id, broken),
      RegistryError,
    );
    assertEquals(error.code, "BLOB_UPLOAD_INVALID");
    assertEquals((await registry.getUpload(REPOSITORY, PRINCIPAL, id)).offset, 25);
    await registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(bytes.slice(25), { first: 25 }));
    await registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(bytes));
    assertEquals(await readBlob(registry, digest(bytes)), bytes);
  }
});

Deno.test("commitUpload() keeps the received bytes of a broken body with Content-Range, and commits nothing", async () => {
  const { registry } = new TestStores().registry();
  const bytes = content(40);
  const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
  const broken = body(bytes.slice(0, 24), { error: new Error("connection reset"), length: 40, first: 0 });
  await assertRejects(
    () => registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(bytes.slice(0, 24)), broken),
    RegistryError,
  );
  assertEquals((await registry.getUpload(REPOSITORY, PRINCIPAL, id)).offset, 24);
  await registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(bytes), body(bytes.slice(24), { first: 24 }));
  assertEquals(await readBlob(registry, digest(bytes)), bytes);
});

Deno.test("commitUpload() lets regclient repeat a broken PUT without Content-Range from its first byte", async () => {
  for (const before of [0, 20]) {
    const stores = new TestStores();
    const { registry } = stores.registry();
    const bytes = content(60);
    const id = await upload(registry, before === 0 ? [] : [bytes.slice(0, before)], false);
    const rest = bytes.slice(before);
    const broken = body(rest.slice(0, 25), { error: new Error("connection reset"), length: rest.length });
    await assertRejects(
      () => registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(bytes), broken),
      RegistryError,
    );
    assertEquals((await registry.getUpload(REPOSITORY, PRINCIPAL, id)).offset, before);
    await registry.commitUpload(
      REPOSITORY,
      PRINCIPAL,
      id,
      digest(bytes),
      body(rest, { length: rest.length }),
    );
    assertEquals(await readBlob(registry, digest(bytes)), bytes);
    assertEquals((await stores.keys()).length, 1);
  }
});

Deno.test("appendUpload() rejects a body that is longer than announced", async () => {
  const { registry } = new TestStores().registry();
  const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
  const long = { ...body(content(30)), range: { first: 0, last: 9 } };
  const error = await assertRejects(
    () => registry.appendUpload(REPOSITORY, PRINCIPAL, id, long),
    RegistryError,
  );
  assertEquals([error.code, error.status], ["SIZE_INVALID", 400]);
  assertEquals((await registry.getUpload(REPOSITORY, PRINCIPAL, id)).offset, 0);
});

Deno.test("appendUpload() keeps a body that is shorter than announced, but does not take it for whole", async () => {
  const { registry } = new TestStores().registry();
  const bytes = content(30);
  const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
  for (
    const short of [
      body(bytes.slice(0, 12), { length: 20 }),
      body(bytes.slice(12, 20), { first: 12, length: 18 }),
    ]
  ) {
    const append = () => registry.appendUpload(REPOSITORY, PRINCIPAL, id, short);
    assertEquals((await assertRejects(append, RegistryError)).code, "BLOB_UPLOAD_INVALID");
  }
  assertEquals((await registry.getUpload(REPOSITORY, PRINCIPAL, id)).offset, 20);
  const rest = body(bytes.slice(20), { first: 20 });
  assertEquals((await registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(bytes), rest)).size, 30);
});

Deno.test("commitUpload() does not take a body for whole that is shorter than announced", async () => {
  const { registry } = new TestStores().registry();
  const bytes = content(30);
  const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
  const commit = (first?: number) => {
    const short = body(bytes.slice(first ?? 0), { length: 60, ...(first === undefined ? {} : { first }) });
    return registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(bytes), short);
  };
  assertEquals((await assertRejects(() => commit(), RegistryError)).code, "BLOB_UPLOAD_INVALID");
  assertEquals(
    (await registry.getUpload(REPOSITORY, PRINCIPAL, id)).offset,
    0,
    "a PUT is repeated from its start",
  );
  await registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(bytes.slice(0, 10)));
  assertEquals((await assertRejects(() => commit(10), RegistryError)).code, "BLOB_UPLOAD_INVALID");
  assertEquals((await registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(bytes))).size, 30);
});

Deno.test("appendUpload() takes no blob larger than the largest, announced or not", async () => {
  const stores = new TestStores();
  const { registry } = stores.registry({ maxBlobSize: 20 });
  const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
  await registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(content(10)));
  for (const options of [{}, { length: 11 }, { first: 10 }]) {
    const error = await assertRejects(
      () => registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(content(11), options)),
      RegistryError,
    );
    assertEquals([error.code, error.status], ["SIZE_INVALID", 413]);
  }
  await registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(content(20).slice(10)));
  await registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(content(20)));
  assertEquals((await stores.keys()).length, 1);
});

Deno.test("an upload is unknown to other repositories and principals, after its cancel and its expiry", async () => {
  const stores = new TestStores();
  const { registry } = stores.registry({ uploadExpiry: 1000 });
  const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
  const cancelled = await registry.startUpload(REPOSITORY, PRINCIPAL);
  await registry.cancelUpload(REPOSITORY, PRINCIPAL, cancelled.id);
  const blob = digest(content(0));
  const other = parseRepositoryName("library/other");
  type Caller = [RepositoryName, string, string];
  const strangers: Caller[] = [
    [other, PRINCIPAL, id],
    [REPOSITORY, "mallory", id],
    [REPOSITORY, PRINCIPAL, cancelled.id],
    [REPOSITORY, PRINCIPAL, "0".repeat(32)],
  ];
  const assertUnknown = async (...upload: Caller) => {
    for (
      const attempt of [
        () => registry.getUpload(...upload),
        () => registry.appendUpload(...upload, body(content(3))),
        () => registry.commitUpload(...upload, blob),
        () => registry.cancelUpload(...upload),
      ]
    ) {
      assertEquals((await assertRejects(attempt, RegistryError)).code, "BLOB_UPLOAD_UNKNOWN");
    }
  };
  for (const stranger of strangers) await assertUnknown(...stranger);
  assertEquals((await registry.getUpload(REPOSITORY, PRINCIPAL, id)).offset, 0);
  stores.now += 1000;
  await assertUnknown(REPOSITORY, PRINCIPAL, id);
});

Deno.test("an upload is not begun by a process for which it is nearly over, when it may be swept elsewhere", async () => {
  const stores = new TestStores();
  const options = { uploadExpiry: 1000, grace: 1000 };
  const { registry } = stores.registry(options);
  const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
  await registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(content(3)));
  stores.now += 1001;
  await stores.registry(options).sweep();
  // Its clock is an eighth of the grace period behind.
  const { registry: behind } = stores.registry({ ...options, now: () => stores.now - 125 });
  const append = () => behind.appendUpload(REPOSITORY, PRINCIPAL, id, body(content(3)));
  assertEquals((await assertRejects(append, RegistryError)).code, "BLOB_UPLOAD_UNKNOWN");
});

Deno.test("an upload that is used does not expire", async () => {
  const stores = new TestStores();
  const { registry } = stores.registry({ uploadExpiry: 1000 });
  const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
  for (let i = 0; i < 4; i++) {
    stores.now += 700;
    await registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(content(3)));
  }
  assertEquals((await registry.getUpload(REPOSITORY, PRINCIPAL, id)).offset, 12);
});

for (const winner of ["chunk", "commit"] as const) {
  Deno.test(`appendUpload() answers 416 when a ${winner} has removed the bytes that it needed`, async () => {
    const { registry } = new TestStores().registry();
    const bytes = content(30);
    const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
    await registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(bytes.slice(0, 3), { first: 0 }));
    const chunk = () => body(bytes.slice(3), { first: 3 });
    const win = {
      chunk: () => registry.appendUpload(REPOSITORY, PRINCIPAL, id, chunk()),
      commit: () => registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(bytes), chunk()),
    }[winner];
    // Its first bytes make a part with the 3 bytes before, which are gone when they arrive.
    const { stream: rest } = chunk();
    const stream = new ReadableStream({
      async pull(controller) {
        await win();
        for await (const piece of rest) controller.enqueue(piece);
        controller.close();
      },
    }, { highWaterMark: 0 });
    const late = registry.appendUpload(REPOSITORY, PRINCIPAL, id, { ...chunk(), stream });
    assertEquals((await assertRejects(() => late, RegistryError)).status, 416);
  });
}
