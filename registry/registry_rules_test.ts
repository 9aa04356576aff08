import { assertEquals, assertRejects } from "@std/assert";
import { RegistryError } from "../oci/mod.ts";
import {
  content,
  digest,
  IMAGE,
  imageOf,
  pushBlob,
  REPOSITORY,
  tag,
  TestStores,
} from "../tests/harness/stores.ts";
import { UNRESTRICTED_CALLER } from "./caller.ts";
import type { Registry } from "./registry.ts";

const CONFIG = content(100, 1);

function putImage(registry: Registry, name: string, layers = 0) {
  const bytes = imageOf(CONFIG, Array(layers).fill(CONFIG));
  const push = { bytes, contentType: IMAGE, reference: { tag: tag(name) }, tags: [], condition: {} };
  return registry.putManifest(REPOSITORY, UNRESTRICTED_CALLER, push);
}

Deno.test("withRules() gives the same content other rules, and the earlier registry keeps its own", async () => {
  const before = new TestStores().registry();
  await pushBlob(before.registry, CONFIG);
  await putImage(before.registry, "v1");
  const after = before.withRules({ immutable: [{ repositories: ["**"], tags: ["*"], except: [] }] });
  await assertRejects(() => putImage(after.registry, "v1", 1), RegistryError, "immutable");
  await putImage(before.registry, "v1", 1);
  const { digest: moved } = await after.registry.getManifest(REPOSITORY, { tag: tag("v1") });
  assertEquals(moved, digest(imageOf(CONFIG, [CONFIG])));
});

Deno.test("withRules() keeps the bytes that pushes hold, if the quotas are the same", async () => {
  const quotas = [{ repositories: "**", bytes: 150 }];
  const before = new TestStores().registry({ quotas });
  const { id } = await before.registry.startUpload(REPOSITORY, "user:alice");
  const stream = new Blob([CONFIG]).stream() as ReadableStream<Uint8Array<ArrayBuffer>>;
  await before.registry.appendUpload(REPOSITORY, "user:alice", id, { stream, idle: 1000 });
  const other = content(100, 2);
  const same = before.withRules({ quotas: structuredClone(quotas), references: "sparse" });
  await assertRejects(() => pushBlob(same.registry, other), RegistryError, "quota");
  const larger = before.withRules({ quotas: [{ repositories: "**", bytes: 500 }] });
  await pushBlob(larger.registry, other);
});
