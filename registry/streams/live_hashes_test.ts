import { assertEquals, assertRejects } from "@std/assert";
import { createHash } from "node:crypto";
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
import { LiveHashes } from "./live_hashes.ts";
import { OffsetMismatch } from "../uploads/mod.ts";
import type { Registry } from "../registry.ts";

const CHUNK_BYTES = 8; // a part, so that no rest has to be read back

/** Processes over the same stores, and how often one of them has read an object. */
function processes(count: number) {
  const stores = new TestStores({ partSize: CHUNK_BYTES });
  const counts = { reads: 0 };
  const objects = hooked(stores.objects, (method) => {
    if (method === "get") counts.reads++;
  });
  return {
    counts,
    registries: Array.from({ length: count }, () => stores.registry({ objects }).registry),
    reader: stores.registry().registry,
  };
}

/** Uploads in chunks that go to the registries in turn; `seed` makes it another content. */
async function upload(
  registries: Registry[],
  { seed, algorithm = "sha256", ranged = true }: {
    seed: number;
    algorithm?: "sha256" | "sha512";
    ranged?: boolean;
  },
) {
  const bytes = content(10 * CHUNK_BYTES, seed);
  const blob = digest(bytes, algorithm);
  const { id } = await registries[0]!.startUpload(REPOSITORY, PRINCIPAL, algorithm);
  for (let first = 0, i = 0; first < bytes.length; first += CHUNK_BYTES, i++) {
    const chunk = body(bytes.slice(first, first + CHUNK_BYTES), ranged ? { first } : {});
    await registries[i % registries.length]!.appendUpload(REPOSITORY, PRINCIPAL, id, chunk);
  }
  await registries.at(-1)!.commitUpload(REPOSITORY, PRINCIPAL, id, blob);
  return { blob, bytes };
}

for (const algorithm of ["sha256", "sha512"] as const) {
  for (const ranged of [true, false]) {
    const title = `chunks ${ranged ? "with" : "without"} Content-Range that all come here, as ${algorithm}`;
    Deno.test(`commitUpload() reads nothing back of ${title}`, async () => {
      const { counts, registries, reader } = processes(1);
      const { blob, bytes } = await upload(registries, { seed: 1, algorithm, ranged });
      assertEquals(counts.reads, 0);
      assertEquals(await readBlob(reader, blob), bytes);
    });
  }

  Deno.test(`commitUpload() reads nothing back once it is known that chunks go anywhere, as ${algorithm}`, async () => {
    const { counts, registries, reader } = processes(3);
    // Each process can be surprised once, by the second chunk of an upload that began at the one before it.
    for (let seed = 1; seed <= 3; seed++) {
      await upload([...registries.slice(seed - 1), ...registries.slice(0, seed - 1)], { seed, algorithm });
    }
    const surprises = counts.reads;
    for (let seed = 4; seed <= 6; seed++) {
      const { blob, bytes } = await upload(registries, { seed, algorithm });
      assertEquals(await readBlob(reader, blob), bytes);
    }
    assertEquals([surprises, counts.reads], [1, 1]);
  });
}

Deno.test("commitUpload() is not misled by a chunk that was hashed here and lost to another one", async () => {
  const stores = new TestStores({ partSize: CHUNK_BYTES });
  const gate = Promise.withResolvers<void>();
  const objects = hooked(stores.objects, (method) => method.startsWith("put") ? gate.promise : undefined);
  const [slow, quick] = [stores.registry({ objects }).registry, stores.registry().registry];
  const bytes = content(2 * CHUNK_BYTES);
  const [first, second] = [bytes.slice(0, CHUNK_BYTES), bytes.slice(CHUNK_BYTES)];
  const { id } = await slow.startUpload(REPOSITORY, PRINCIPAL);
  const lost = slow.appendUpload(REPOSITORY, PRINCIPAL, id, body(content(CHUNK_BYTES, 9), { first: 0 }));
  await quick.appendUpload(REPOSITORY, PRINCIPAL, id, body(first, { first: 0 }));
  gate.resolve();
  await assertRejects(() => lost, OffsetMismatch);
  await slow.appendUpload(REPOSITORY, PRINCIPAL, id, body(second, { first: CHUNK_BYTES }));
  await slow.commitUpload(REPOSITORY, PRINCIPAL, id, digest(bytes));
  assertEquals(await readBlob(quick, digest(bytes)), bytes);
});

Deno.test("find() returns a copy of the state for these bytes, and nothing for others", () => {
  const live = new LiveHashes();
  const hash = createHash("sha256").update("ab");
  const hex = hash.copy().digest("hex");
  live.keep("upload", hex, hash);
  assertEquals(live.find("upload", { hex: "other" }), undefined);
  assertEquals(live.find("another", { hex }), undefined);
  const expected = createHash("sha256").update("abc").digest("hex");
  for (let i = 0; i < 2; i++) assertEquals(live.find("upload", { hex })?.update("c").digest("hex"), expected);
});

Deno.test("stay() believes again in chunks that come back after 16 in a row have", () => {
  const live = new LiveHashes();
  assertEquals(live.stay, true);
  live.find("upload", { hex: "elsewhere" });
  for (let i = 0; i < 16; i++) {
    assertEquals(live.stay, false);
    live.keep("upload", `${i}`);
    live.find("upload", { hex: `${i}` });
  }
  assertEquals(live.stay, true);
});
