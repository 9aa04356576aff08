import { assertEquals, assertRejects } from "@std/assert";
import { MemoryObjectStore, type ObjectStore } from "../../storage/mod.ts";
import { UnavailableError } from "../../storage/ports.ts";
import {
  content,
  digest,
  hooked,
  imageOf,
  PRINCIPAL,
  readBlob,
  REPOSITORY,
  TestStores,
  utf8,
} from "../../tests/harness/stores.ts";
import { UNRESTRICTED_CALLER } from "../caller.ts";
import { readObject } from "./read_object.ts";

const sleep = () => Promise.resolve();

/** Ends each of the first `times` bodies with an error, after `after` bytes. */
function breaking<S extends ObjectStore>(objects: S, times: number, after: number): S {
  const get: ObjectStore["get"] = async (key, range) => {
    const found = await objects.get(key, range);
    if (found === undefined || times-- <= 0) return found;
    const bytes = await new Response(found.body).bytes();
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      start: (controller) => after > 0 ? controller.enqueue(bytes.slice(0, after)) : undefined,
      pull: (controller) => controller.error(new TypeError("error reading a body from connection")),
    }, { highWaterMark: 0 });
    return { ...found, body };
  };
  return new Proxy(objects, {
    get: (target, name) => {
      if (name === "get") return get;
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

async function bytesOf(objects: ObjectStore, key: string): Promise<Uint8Array | undefined> {
  const found = await readObject({ objects, sleep }, key);
  return found && new Uint8Array((await Array.fromAsync(found.chunks, (chunk) => [...chunk])).flat());
}

async function storeWith(bytes: Uint8Array<ArrayBuffer>): Promise<MemoryObjectStore> {
  const objects = new MemoryObjectStore({ partSize: 8 });
  await objects.put("some/object", bytes);
  return objects;
}

Deno.test("readObject() goes on where the store broke off", async () => {
  const bytes = content(50);
  assertEquals(await bytesOf(breaking(await storeWith(bytes), 9, 5), "some/object"), bytes);
});

Deno.test("readObject() pauses before it asks for the rest", async () => {
  const objects = breaking(await storeWith(utf8("0123456789")), 2, 3);
  const events: string[] = [];
  const slow = async () => {
    await new Promise((resolve) => setTimeout(resolve));
    events.push("paused");
  };
  const found = await readObject(
    { objects: hooked(objects, () => void events.push("get")), sleep: slow },
    "some/object",
  );
  await Array.fromAsync(found!.chunks);
  assertEquals(events, ["get", "paused", "get", "paused", "get"]);
});

Deno.test("readObject() uses the memory of a chunk again", async () => {
  const bytes = content(200 * 1024);
  const objects = await storeWith(bytes);
  objects.get = () => Promise.resolve({ size: bytes.length, body: new Blob([bytes]).stream() });
  const found = await readObject({ objects, sleep }, "some/object");
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for await (const chunk of found!.chunks) {
    chunks.push(chunk);
    size += chunk.length;
  }
  assertEquals(size, bytes.length);
  assertEquals(chunks.length > 2, true);
  assertEquals(chunks.slice(0, -1).every(({ buffer }) => buffer.detached), true);
});

Deno.test("readObject() reads an empty object", async () => {
  assertEquals(await bytesOf(await storeWith(new Uint8Array()), "some/object"), new Uint8Array());
});

Deno.test("readObject() answers undefined where there is no object", async () => {
  assertEquals(await bytesOf(await storeWith(content(1)), "another/object"), undefined);
});

Deno.test("readObject() is unavailable when the store breaks off again and again", async () => {
  const objects = breaking(await storeWith(content(50)), 100, 0);
  await assertRejects(() => bytesOf(objects, "some/object"), UnavailableError);
});

Deno.test("commitUpload() survives a store that breaks off while pieces are put together", async () => {
  const stores = new TestStores({ partSize: 64 });
  const { registry } = stores.registry({ objects: breaking(stores.objects, 4, 3) });
  const bytes = content(40);
  const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
  for (const part of [bytes.slice(0, 10), bytes.slice(10, 30)]) {
    await registry.appendUpload(REPOSITORY, PRINCIPAL, id, { stream: new Blob([part]).stream(), idle: 1000 });
  }
  const rest = { stream: new Blob([bytes.slice(30)]).stream(), idle: 1000 };
  await registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(bytes), rest);
  assertEquals(await readBlob(stores.registry().registry, digest(bytes)), bytes);
});

Deno.test("getManifest() survives a store that breaks off in a large manifest", async () => {
  const stores = new TestStores();
  const { registry } = stores.registry({ references: "sparse" });
  const bytes = imageOf(utf8("{}"), [], { annotations: { filler: "x".repeat(300 * 1024) } });
  const push = { bytes, contentType: "application/vnd.oci.image.manifest.v1+json", tags: [], condition: {} };
  const receipt = await registry.putManifest(REPOSITORY, UNRESTRICTED_CALLER, {
    ...push,
    reference: { digest: digest(bytes) },
  });
  const broken = stores.registry({ objects: breaking(stores.objects, 3, 1000) }).registry;
  assertEquals((await broken.getManifest(REPOSITORY, receipt)).bytes, bytes);
});
