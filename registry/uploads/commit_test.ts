import { assert, assertEquals, assertGreater, assertRejects } from "@std/assert";
import { parseRepositoryName, RegistryError } from "../../oci/mod.ts";
import { dyingStores, interruptedStores, type Moment } from "../../tests/harness/moments.ts";
import {
  body,
  content,
  digest,
  hooked,
  PRINCIPAL,
  pushBlob,
  readBlob,
  REPOSITORY,
  TestStores,
} from "../../tests/harness/stores.ts";
import type { NewItem } from "../../storage/mod.ts";
import { linkKey } from "../items/mod.ts";

const BYTES = content(30);
const BLOB = digest(BYTES);

Deno.test("commitUpload() answers again when it is repeated, until the upload expires", async () => {
  const stores = new TestStores();
  const { registry } = stores.registry({ uploadExpiry: 1000 });
  const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
  const commit = () => registry.commitUpload(REPOSITORY, PRINCIPAL, id, BLOB, body(BYTES));
  assertEquals(await commit(), { digest: BLOB, size: 30 });
  assertEquals(await commit(), { digest: BLOB, size: 30 });
  const wrong = () => registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(content(3)));
  assertEquals((await assertRejects(wrong, RegistryError)).code, "BLOB_UPLOAD_UNKNOWN");
  stores.now += 1000;
  assertEquals((await assertRejects(commit, RegistryError)).code, "BLOB_UPLOAD_UNKNOWN");
});

Deno.test("commitUpload() drops content that does not match its digest", async () => {
  for (const chunks of [1, 2]) {
    const stores = new TestStores();
    const { registry } = stores.registry();
    const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
    for (let i = 0; i < chunks; i++) {
      await registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(content(20, i)));
    }
    for (const expected of ["DIGEST_INVALID", "BLOB_UPLOAD_UNKNOWN"]) {
      const commit = () => registry.commitUpload(REPOSITORY, PRINCIPAL, id, BLOB);
      assertEquals((await assertRejects(commit, RegistryError)).code, expected);
    }
    assertEquals(await stores.keys(), []);
    assertEquals(await stores.objects.listParts("", 10), []);
    await assertRejects(() => registry.statBlob(REPOSITORY, BLOB), RegistryError);
  }
});

Deno.test("commitUpload() drops content that does not match its digest when it is read back", async () => {
  for (const chunks of [1, 2]) {
    const stores = new TestStores();
    const { registry } = stores.registry();
    const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
    // Hashed by SHA-256 as they come: what their SHA-512 is shows only when they are read back.
    for (let i = 0; i < chunks; i++) {
      await registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(content(20, i)));
    }
    const other = digest(BYTES, "sha512");
    for (const expected of ["DIGEST_INVALID", "BLOB_UPLOAD_UNKNOWN"]) {
      const commit = () => registry.commitUpload(REPOSITORY, PRINCIPAL, id, other);
      assertEquals((await assertRejects(commit, RegistryError)).code, expected);
    }
    assertEquals(await stores.keys(), []);
    assertEquals(await stores.objects.listParts("", 10), []);
    await assertRejects(() => registry.statBlob(REPOSITORY, other), RegistryError);
  }
});

Deno.test("putBlob() leaves no upload open that its client does not know", async () => {
  const stores = new TestStores();
  const { registry } = stores.registry();
  const wrong = () => registry.putBlob(REPOSITORY, PRINCIPAL, digest(content(3)), body(BYTES));
  assertEquals((await assertRejects(wrong, RegistryError)).code, "DIGEST_INVALID");
  const cut = () =>
    registry.putBlob(
      REPOSITORY,
      PRINCIPAL,
      BLOB,
      body(BYTES.slice(9), { error: new Error("reset"), length: 30 }),
    );
  assertEquals((await assertRejects(cut, RegistryError)).code, "BLOB_UPLOAD_INVALID");
  const states = (await stores.items()).map((item) => item.attributes.state);
  assertEquals(states, ["aborting", "aborting"]);
  assertEquals(await stores.keys(), []);
  await registry.putBlob(REPOSITORY, PRINCIPAL, BLOB, body(BYTES));
  assertEquals(await readBlob(registry, BLOB), BYTES);
});

Deno.test("commitUpload() answers 503 while another request commits, and takes over when that one is dead", async () => {
  const stores = new TestStores();
  const { registry } = stores.registry({ deadline: 5000 });
  for (const method of ["completeParts", "put"]) {
    const { objects, table } = dyingStores(stores, method, "after");
    const dying = stores.registry({ deadline: 5000, objects, table }).registry;
    const bytes = method === "put" ? BYTES.slice(0, 6) : BYTES;
    const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
    // Two pieces, so that a small blob has to be put together by the commit.
    await registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(bytes.slice(0, 3)));
    await registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(bytes.slice(3)));
    const commit = () => registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(bytes));
    await assertRejects(() => dying.commitUpload(REPOSITORY, PRINCIPAL, id, digest(bytes)), Error, "died");
    const busy = await assertRejects(commit, RegistryError);
    assertEquals([busy.status, busy.headers["Retry-After"]], [503, "1"]);
    await assertRejects(() => registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(bytes)), RegistryError);
    stores.now += 5100;
    assertEquals(await commit(), { digest: digest(bytes), size: bytes.length });
    assertEquals(await readBlob(registry, digest(bytes)), bytes);
  }
});

Deno.test("commitUpload() answers 201 when another request commits the same upload while its body arrives", async () => {
  const stores = new TestStores();
  const isCommitting = Promise.withResolvers<void>();
  const isAwaited = Promise.withResolvers<void>();
  const objects = hooked(stores.objects, async (method) => {
    if (method !== "completeParts") return;
    isCommitting.resolve();
    await isAwaited.promise;
  });
  const first = stores.registry({ objects }).registry;
  let committed: Promise<unknown> | undefined;
  const { registry } = stores.registry({
    sleep: async () => {
      isAwaited.resolve();
      await committed;
    },
  });
  const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
  await registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(BYTES.slice(0, 3), { first: 0 }));
  const rest = body(BYTES.slice(3));
  const late = {
    ...rest,
    stream: new ReadableStream({
      async pull(controller) {
        // It has read the upload as open, and will find it taken when its body has arrived.
        committed ??= first.commitUpload(REPOSITORY, PRINCIPAL, id, BLOB, body(BYTES.slice(3)));
        await isCommitting.promise;
        for await (const chunk of rest.stream) controller.enqueue(chunk);
        controller.close();
      },
    }, { highWaterMark: 0 }),
  };
  const expected = { digest: BLOB, size: BYTES.length };
  try {
    assertEquals(await registry.commitUpload(REPOSITORY, PRINCIPAL, id, BLOB, late), expected);
  } finally {
    isAwaited.resolve();
    assertEquals(await committed, expected);
  }
});

Deno.test("commitUpload() takes over from a dead request for the same digest alone", async () => {
  const stores = new TestStores();
  const { registry } = stores.registry({ deadline: 5000 });
  const { objects, table } = dyingStores(stores, "completeParts", "after");
  const dying = stores.registry({ deadline: 5000, objects, table }).registry;
  const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
  await registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(BYTES));
  await assertRejects(() => dying.commitUpload(REPOSITORY, PRINCIPAL, id, BLOB), Error, "died");
  stores.now += 5100;
  for (const other of [digest(content(3)), digest(BYTES, "sha512")]) {
    const commit = () => registry.commitUpload(REPOSITORY, PRINCIPAL, id, other);
    assertEquals((await assertRejects(commit, RegistryError)).code, "BLOB_UPLOAD_UNKNOWN");
  }
  assertEquals(await registry.commitUpload(REPOSITORY, PRINCIPAL, id, BLOB), { digest: BLOB, size: 30 });
  assertEquals(await readBlob(registry, BLOB), BYTES);
});

Deno.test("commitUpload() of the same content by many at once keeps one object", async () => {
  const stores = new TestStores();
  const { registry } = stores.registry();
  const repositories = Array.from({ length: 8 }, (_, i) => parseRepositoryName(`library/r${i}`));
  await Promise.all(repositories.map((repository) => pushBlob(registry, BYTES, repository)));
  for (const repository of repositories) assertEquals(await readBlob(registry, BLOB, repository), BYTES);
  assertEquals((await stores.keys()).length, 1);
});

Deno.test("a request writes nothing more once its deadline has passed", async () => {
  const stores = new TestStores();
  const { registry } = stores.registry({
    deadline: 1000,
    table: hooked(stores.table, (method) => {
      if (method === "get") stores.now += 400;
    }),
  });
  const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
  await registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(BYTES));
  const slow = stores.registry({
    deadline: 1000,
    objects: hooked(stores.objects, (method) => {
      if (method === "completeParts") stores.now += 1000;
    }),
  }).registry;
  const error = await assertRejects(
    () => slow.commitUpload(REPOSITORY, PRINCIPAL, id, BLOB),
    RegistryError,
  );
  assertEquals(error.status, 503);
  assertEquals(await stores.table.get(linkKey(BLOB, REPOSITORY)), undefined);
});

async function commitLate(
  at: number,
  moment: Moment,
  meanwhile: (stores: TestStores, id: string) => Promise<void>,
) {
  const stores = new TestStores();
  const { registry } = stores.registry({ deadline: 5000 });
  const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
  // In pieces and parts that the hash of this process is not known of, so that the object is read back.
  await registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(BYTES.slice(0, 12)));
  await registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(BYTES.slice(12)));
  const stalled = interruptedStores(stores, at, moment, () => meanwhile(stores, id));
  const { registry: late } = stores.registry({ ...stalled, deadline: 5000 });
  const outcome = await late.commitUpload(REPOSITORY, PRINCIPAL, id, BLOB).then(
    () => 201,
    (error) => error instanceof RegistryError ? error.status : String(error),
  );
  return { outcome, isReached: stalled.isReached(), stores };
}

for (const moment of ["before", "after"] as const) {
  Deno.test(`commitUpload() answers 201 or 503 when another request took over ${moment} any call of it`, async () => {
    for (let at = 1;; at++) {
      const { outcome, isReached, stores } = await commitLate(at, moment, async (stores, id) => {
        stores.now += 5100;
        const { registry } = stores.registry({ deadline: 5000 });
        await registry.commitUpload(REPOSITORY, PRINCIPAL, id, BLOB);
      });
      if (!isReached) return assertGreater(at, 5);
      assert(outcome === 201 || outcome === 503, `Call ${at}: ${outcome}`);
      assertEquals(await readBlob(stores.registry().registry, BLOB), BYTES);
    }
  });

  Deno.test(`commitUpload() answers 404 or 503 when the upload was swept ${moment} any call of it`, async () => {
    for (let at = 1;; at++) {
      const { outcome, isReached, stores } = await commitLate(at, moment, async (stores) => {
        stores.now += 3 * 24 * 60 * 60_000;
        await stores.registry().sweep();
      });
      if (!isReached) return assertGreater(at, 5);
      assert([201, 404, 503].includes(outcome as number), `Call ${at}: ${outcome}`);
      if (outcome === 201) assertEquals(await readBlob(stores.registry().registry, BLOB), BYTES);
      const { sweep, collect } = stores.registry();
      for (let time = 0; time < 2; time++) {
        stores.now += 3 * 24 * 60 * 60_000;
        await sweep();
        await collect();
      }
      assertEquals(await stores.keys(), [], `Call ${at} leaves objects that nothing names`);
    }
  });
}

Deno.test("commitUpload() of a whole blob whose upload has nearly expired leaves its object to no sweep", async () => {
  const stores = new TestStores();
  const options = { uploadExpiry: 10_000, grace: 8000, deadline: 1000 };
  let isSwept = false;
  const table = hooked(stores.table, async (method, [item]) => {
    if (method !== "put" || !(item as NewItem).pk.startsWith("blob#") || isSwept) return;
    isSwept = true;
    stores.now += 600;
    await stores.registry(options).sweep();
  });
  const { registry } = stores.registry({ ...options, table });
  const bytes = content(5);
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      // A slow client.
      stores.now += 9500;
      controller.enqueue(bytes);
      controller.close();
    },
  }, { highWaterMark: 0 });
  const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
  await registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(bytes), { stream, idle: 60_000 });
  assertEquals(isSwept, true);
  assertEquals(await readBlob(registry, digest(bytes)), bytes);
});

Deno.test("commitUpload() answers before the objects that the blob does not need are deleted", async () => {
  const stores = new TestStores();
  const bytes = content(12);
  let isDeleting = false;
  const deletion = Promise.withResolvers<void>();
  const objects = hooked(stores.objects, async (method) => {
    if (method !== "delete" || !isDeleting) return;
    await deletion.promise;
  });
  const { registry } = stores.registry({ objects });
  const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
  for (const first of [0, 4]) {
    await registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(bytes.slice(first, first + 4), { first }));
  }
  await registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(bytes.slice(8), { first: 8 }));
  isDeleting = true;
  assertEquals((await registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(bytes))).size, 12);
  deletion.resolve();
  while ((await stores.keys()).length > 1) await new Promise((resolve) => setTimeout(resolve, 1));
});
