// CVE-2026-31801 (zot): a client that may only create tags could overwrite an existing one.
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { RegistryError, type Tag } from "../../oci/mod.ts";
import { CREATOR } from "../../tests/harness/callers.ts";
import { CONFIG, LAYER, withBlobs } from "../../tests/harness/images.ts";
import { digest, hooked, IMAGE, imageOf, pushManifest, REPOSITORY, tag } from "../../tests/harness/stores.ts";
import type { Changed } from "../change.ts";
import type { ManifestPush, Registry } from "../registry.ts";

const [FIRST, SECOND] = [imageOf(CONFIG, [LAYER]), imageOf(CONFIG, [])];

/** A push of a caller that may create tags and move none. */
function create(registry: Registry, bytes: Uint8Array<ArrayBuffer>, push: Partial<ManifestPush>) {
  const reference = { digest: digest(bytes) };
  return registry.putManifest(REPOSITORY, CREATOR, {
    bytes,
    contentType: IMAGE,
    reference,
    tags: [],
    condition: {},
    ...push,
  });
}

const WAYS: [string, Partial<ManifestPush>][] = [
  ["its path", { reference: { tag: tag("latest") } }],
  ["?tag=", { tags: [tag("latest")] }],
  ["the last of many ?tag=", { tags: [tag("new"), tag("other"), tag("latest")] }],
  ["a true If-Match", { reference: { tag: tag("latest") }, condition: { ifMatch: [digest(FIRST)] } }],
];

for (const [way, push] of WAYS) {
  Deno.test(`CVE-2026-31801: a create-only pusher does not overwrite a tag by ${way}`, async () => {
    const { registry, stores } = await withBlobs();
    await pushManifest(registry, FIRST, "latest");
    const before = await stores.items();
    const error = await assertRejects(() => create(registry, SECOND, push), RegistryError);
    assertEquals([error.code, error.status], ["DENIED", 403]);
    assertStringIncludes(error.message, '"latest"');
    assertEquals(await stores.items(), before);
  });
}

Deno.test("a create-only pusher creates tags, and repeats a push", async () => {
  const { registry } = await withBlobs();
  for (let time = 0; time < 2; time++) {
    await create(registry, FIRST, { tags: [tag("a"), tag("b")] });
    await create(registry, FIRST, { reference: { tag: tag("c") } });
  }
  await registry.deleteTag(REPOSITORY, tag("a"));
  await create(registry, SECOND, { reference: { tag: tag("a") } });
  assertEquals(await registry.resolveTag(REPOSITORY, tag("a")), digest(SECOND));
});

Deno.test("CVE-2026-31801: of two create-only pushers of one tag exactly one wins, at any interleaving", async () => {
  for (const method of ["get", "getMany", "putMany", "put"]) {
    for (let nth = 1; nth <= 4; nth++) {
      const { registry, stores } = await withBlobs();
      const push = (into: Registry, bytes: Uint8Array<ArrayBuffer>) =>
        create(into, bytes, { tags: [tag("v1")] }).then(() => "done", (error) => error.code);
      let [calls, early] = [0, "never"];
      const table = hooked(stores.table, async (called) => {
        if (called === method && ++calls === nth) early = await push(registry, FIRST);
      });
      const late = await push(stores.registry({ table }).registry, SECOND);
      if (early === "never") early = await push(registry, FIRST);
      assertEquals([early, late].sort(), ["DENIED", "done"], `${method} ${nth}`);
      const moves = await registry.getTagHistory(REPOSITORY, tag("v1"));
      assertEquals(moves.map((move) => move.digest), [digest(early === "done" ? FIRST : SECOND)]);
    }
  }
});

Deno.test("putManifest() tells of the tags that it has set before another one was refused", async () => {
  const { registry, stores } = await withBlobs();
  const table = hooked(stores.table, async (method, [item]) => {
    // After the tags were read, another client takes the second one.
    const { sk } = item as { sk: string };
    if (method === "put" && sk === `manifest#${digest(SECOND)}`) await pushManifest(registry, FIRST, "b");
  });
  const changes: Parameters<Changed>[0][] = [];
  const caller = { ...CREATOR, changed: (change: typeof changes[number]) => changes.push(change) };
  const push = { bytes: SECOND, contentType: IMAGE, condition: {}, tags: ["a", "b"] as Tag[] };
  const reference = { digest: digest(SECOND) };
  await assertRejects(
    () => stores.registry({ table }).registry.putManifest(REPOSITORY, caller, { ...push, reference }),
    RegistryError,
    '"b"',
  );
  const at = { repository: REPOSITORY, after: digest(SECOND) };
  assertEquals(changes, [{ action: "manifest.push", ...at }, { action: "tag.create", ...at, tag: tag("a") }]);
});
