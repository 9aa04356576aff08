import { assertEquals, assertLessOrEqual, assertRejects } from "@std/assert";
import { dyingStores } from "../../tests/harness/moments.ts";
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
import { OffsetMismatch } from "./offset_mismatch.ts";
import type { Registry } from "../registry.ts";

/** Begins an upload with the first 16 bytes, which are two parts. */
async function begin(registry: Registry, bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
  await registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(bytes.slice(0, 16)));
  return id;
}

Deno.test("appendUpload() adds no part while another request has the claim", async () => {
  const stores = new TestStores();
  const { registry } = stores.registry();
  const bytes = content(48);
  const id = await begin(registry, bytes);
  // The first request stands still with one part on its way; the second one comes and goes.
  const standing = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  const slow = stores.registry({
    objects: hooked(stores.objects, async (method) => {
      if (method !== "putPart") return;
      arrived.resolve();
      await standing.promise;
    }),
  }).registry;
  const first = slow.appendUpload(REPOSITORY, PRINCIPAL, id, body(bytes.slice(16)));
  await arrived.promise;
  await assertRejects(
    () => registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(content(32, 9))),
    OffsetMismatch,
  );
  standing.resolve();
  assertEquals((await first).offset, 48);
  await registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(bytes));
  assertEquals(await readBlob(registry, digest(bytes)), bytes);
});

Deno.test("appendUpload() goes on after a claim whose process died", async () => {
  const stores = new TestStores();
  const { registry } = stores.registry();
  const bytes = content(40);
  const id = await begin(registry, bytes);
  const { objects } = dyingStores(stores, "putPart");
  const dying = stores.registry({ objects }).registry;
  await assertRejects(
    () => dying.appendUpload(REPOSITORY, PRINCIPAL, id, body(bytes.slice(16))),
    Error,
    "died",
  );
  stores.now += 60_000;
  assertEquals((await registry.getUpload(REPOSITORY, PRINCIPAL, id)).offset, 16);
  await registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(bytes.slice(16), { first: 16 }));
  await registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(bytes));
  assertEquals(await readBlob(registry, digest(bytes)), bytes);
});

/** A process that dies, with all that it holds, when it is about to send a part. */
function dyingRegistry(stores: TestStores): Registry {
  const { objects, table } = dyingStores(stores, "putPart");
  return stores.registry({ objects, table }).registry;
}

Deno.test("appendUpload() waits no longer than 5 s for a process that died with the claim", async () => {
  const stores = new TestStores();
  const bytes = content(40);
  const began = stores.now;
  const sleep = (milliseconds: number) => Promise.resolve(void (stores.now += milliseconds));
  const { registry } = stores.registry({ sleep });
  for (const ends of ["PATCH", "PUT"]) {
    const id = await begin(registry, bytes);
    const rest = () => body(bytes.slice(16), { first: 16 });
    await assertRejects(() => dyingRegistry(stores).appendUpload(REPOSITORY, PRINCIPAL, id, rest()));
    if (ends === "PATCH") await registry.appendUpload(REPOSITORY, PRINCIPAL, id, rest());
    const last = ends === "PATCH" ? undefined : rest();
    await registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(bytes), last);
  }
  assertEquals(await readBlob(registry, digest(bytes)), bytes);
  assertLessOrEqual(stores.now - began, 2 * 5250);
});

Deno.test("appendUpload() does not append to bytes that another request sent while it waited", async () => {
  const stores = new TestStores();
  const bytes = content(40);
  const id = await begin(stores.registry().registry, bytes);
  await assertRejects(() =>
    dyingRegistry(stores).appendUpload(REPOSITORY, PRINCIPAL, id, body(bytes.slice(16)))
  );
  const other = stores.registry().registry;
  const sleep = async () => {
    stores.now += 6000;
    await other.appendUpload(REPOSITORY, PRINCIPAL, id, body(bytes.slice(16)));
  };
  const late = stores.registry({ sleep }).registry;
  const error = await assertRejects(
    () => late.appendUpload(REPOSITORY, PRINCIPAL, id, body(bytes.slice(16))),
    OffsetMismatch,
  );
  assertEquals(error.upload.offset, 40);
});

Deno.test("appendUpload() keeps its claim for as long as it lives", async () => {
  const stores = new TestStores();
  const { registry } = stores.registry();
  const bytes = content(48);
  const id = await begin(registry, bytes);
  const beats: (() => void)[] = [];
  const { setInterval } = globalThis;
  globalThis.setInterval = ((beat: () => void) => beats.push(beat)) as unknown as typeof setInterval;
  try {
    // One part is on its way for a minute.
    const slow = stores.registry({
      objects: hooked(stores.objects, async (method, args) => {
        if (method !== "putPart" || args[2] !== 3) return;
        for (let passed = 0; passed < 60; passed++) {
          stores.now += 1000;
          beats.at(-1)?.();
          await new Promise((resolve) => setTimeout(resolve));
          await assertRejects(
            () => registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(content(32, 9), { first: 16 })),
            OffsetMismatch,
          );
        }
      }),
    }).registry;
    await slow.appendUpload(REPOSITORY, PRINCIPAL, id, body(bytes.slice(16)));
  } finally {
    globalThis.setInterval = setInterval;
  }
  await registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(bytes));
  assertEquals(await readBlob(registry, digest(bytes)), bytes);
});
