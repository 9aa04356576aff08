import { assertEquals, assertRejects } from "@std/assert";
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
import type { Registry } from "../registry.ts";
import { OffsetMismatch } from "./offset_mismatch.ts";

/** Stores with parts of eight bytes, and the requests to the object store since the last call of `take`. */
function watched() {
  const stores = new TestStores();
  let calls: string[] = [];
  const objects = hooked(stores.objects, (method) => void calls.push(method));
  const take = () => {
    const taken = calls;
    calls = [];
    return taken;
  };
  return { stores, objects, take };
}

async function begin(registry: Registry): Promise<string> {
  const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
  return id;
}

Deno.test("appendUpload() stores the end of a body without Content-Range as the last part", async () => {
  const { stores, objects, take } = watched();
  const { registry } = stores.registry({ objects });
  const bytes = content(20);
  const id = await begin(registry);
  await registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(bytes, { chunk: 3 }));
  assertEquals(take(), ["startParts", "putPart", "putPart", "putPart"]);
  await registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(bytes));
  assertEquals(take(), ["completeParts"]);
  assertEquals(await readBlob(registry, digest(bytes)), bytes);
});

Deno.test("appendUpload() stores the end of a chunk with Content-Range apart, for more to follow", async () => {
  const { stores, objects, take } = watched();
  const { registry } = stores.registry({ objects });
  const id = await begin(registry);
  await registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(content(20), { first: 0 }));
  assertEquals(take(), ["startParts", "putPart", "putPart", "put"]);
});

Deno.test("an upload continues after its last part, once at the price of its first body", async () => {
  for (const ranged of [false, true]) {
    const { stores, objects, take } = watched();
    // Each request goes to another process.
    const next = () => stores.registry({ objects }).registry;
    const bytes = content(60);
    const id = await begin(next());
    await next().appendUpload(REPOSITORY, PRINCIPAL, id, body(bytes.slice(0, 20)));
    take();
    const status = await next().appendUpload(
      REPOSITORY,
      PRINCIPAL,
      id,
      body(bytes.slice(20, 35), ranged ? { first: 20 } : {}),
    );
    assertEquals(status, { id, offset: 35 });
    assertEquals(take(), [
      ...["completeParts", "get", "startParts", "putPart", "putPart", "putPart", "putPart", "put"],
      "delete",
    ]);
    await next().appendUpload(
      REPOSITORY,
      PRINCIPAL,
      id,
      body(bytes.slice(35, 50), ranged ? { first: 35 } : {}),
    );
    assertEquals(take(), ["get", "putPart", "putPart", "put", "delete"], "no byte of a full part again");
    await next().commitUpload(REPOSITORY, PRINCIPAL, id, digest(bytes), body(bytes.slice(50), { first: 50 }));
    assertEquals(await readBlob(next(), digest(bytes)), bytes);
    assertEquals((await stores.keys()).length, 1);
    assertEquals(await stores.objects.listParts("", 10), []);
  }
});

Deno.test("an empty body leaves the last part of an upload as it is", async () => {
  const { stores, objects, take } = watched();
  const { registry } = stores.registry({ objects });
  const bytes = content(20);
  const id = await begin(registry);
  await registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(bytes));
  const status = await registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(new Uint8Array()));
  assertEquals(status, { id, offset: 20 });
  take();
  await registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(bytes), body(new Uint8Array()));
  assertEquals(take(), ["completeParts"]);
});

Deno.test("a body that breaks off leaves its end apart, for the client to continue", async () => {
  const { stores, objects, take } = watched();
  const { registry } = stores.registry({ objects });
  const bytes = content(30);
  const id = await begin(registry);
  await assertRejects(() =>
    registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(bytes.slice(0, 20), { length: 30 }))
  );
  assertEquals(take(), ["startParts", "putPart", "putPart", "put"]);
  await stores.registry({ objects }).registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(bytes.slice(20)));
  await registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(bytes));
  assertEquals(await readBlob(registry, digest(bytes)), bytes);
});

Deno.test("a request that fails after it has opened the last part leaves the upload as it was", async () => {
  const { stores } = watched();
  const bytes = content(40);
  const id = await begin(stores.registry().registry);
  await stores.registry().registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(bytes.slice(0, 20)));
  let parts = 0;
  const failing = hooked(stores.objects, (method) => {
    if (method === "putPart" && ++parts === 2) throw new Error("The store fails");
  });
  const { registry } = stores.registry({ objects: failing });
  await assertRejects(() => registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(bytes.slice(20))));
  await stores.registry().registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(bytes.slice(20)));
  await registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(bytes));
  assertEquals(await readBlob(registry, digest(bytes)), bytes);
  assertEquals((await stores.keys()).length, 1);
  assertEquals(await stores.objects.listParts("", 10), []);
});

Deno.test("of two bodies after the last part, at two processes, one counts", async () => {
  const { stores } = watched();
  const [one, two] = [stores.registry().registry, stores.registry().registry];
  const bytes = content(40);
  const id = await begin(one);
  await one.appendUpload(REPOSITORY, PRINCIPAL, id, body(bytes.slice(0, 20)));
  const answers = await Promise.allSettled(
    [one, two].map((registry) =>
      registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(bytes.slice(20), { first: 20 }))
    ),
  );
  assertEquals(answers.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
  for (const answer of answers) {
    if (answer.status === "rejected") assertEquals(answer.reason instanceof OffsetMismatch, true);
  }
  await two.commitUpload(REPOSITORY, PRINCIPAL, id, digest(bytes));
  assertEquals(await readBlob(one, digest(bytes)), bytes);
  assertEquals((await stores.keys()).length, 1);
});

Deno.test("a blob smaller than a part is stored with the hash of its bytes, for every way of upload", async () => {
  const hashes: unknown[] = [];
  const stores = new TestStores();
  const objects = hooked(stores.objects, (method, args) => {
    if (method === "put") hashes.push(args[2]);
  });
  const { registry } = stores.registry({ objects });
  const bytes = content(5);
  const hex = digest(bytes).slice("sha256:".length);
  const patched = await begin(registry);
  await registry.appendUpload(REPOSITORY, PRINCIPAL, patched, body(bytes));
  await registry.commitUpload(REPOSITORY, PRINCIPAL, await begin(registry), digest(bytes), body(bytes));
  assertEquals(hashes, [hex, hex]);
  hashes.length = 0;
  await registry.appendUpload(REPOSITORY, PRINCIPAL, patched, body(content(2)));
  const other = await begin(registry);
  await registry.commitUpload(REPOSITORY, PRINCIPAL, other, digest(bytes, "sha512"), body(bytes));
  assertEquals(hashes, [undefined, undefined], "a piece after others, and a hash of another algorithm");
});

Deno.test("an upload with a last part is swept when it expires", async () => {
  const { stores } = watched();
  const started = stores.registry();
  const id = await begin(started.registry);
  await started.registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(content(20)));
  assertEquals((await stores.objects.listParts("", 10)).length, 1);
  stores.now += 40 * 24 * 60 * 60_000;
  await started.sweep();
  assertEquals(await stores.objects.listParts("", 10), []);
  assertEquals(await stores.items(), []);
});
