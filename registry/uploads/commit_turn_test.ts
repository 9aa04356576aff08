import { assertEquals, assertGreater, assertRejects } from "@std/assert";
import { type Digest, RegistryError, unavailable } from "../../oci/mod.ts";
import { type NewItem, UnavailableError, UnknownPartsError } from "../../storage/ports.ts";
import { dyingStores, type Moment } from "../../tests/harness/moments.ts";
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
import { stored, type UploadAttributes, uploadKey } from "../items/mod.ts";

const OPTIONS = { deadline: 5000 };

/** Uploads that are committed in different ways; the parts of the store have 8 bytes. */
const UPLOADS: Record<string, { chunks: Uint8Array<ArrayBuffer>[]; algorithm: "sha256" | "sha512" }> = {
  "of parts": { chunks: [content(30)], algorithm: "sha256" },
  "of pieces": { chunks: [content(3), content(3, 1)], algorithm: "sha256" },
  "that is read back": { chunks: [content(30)], algorithm: "sha512" },
};

/** A started upload with these chunks, and the digest of all of them. */
async function uploadOf(
  { registry }: ReturnType<TestStores["registry"]>,
  { chunks, algorithm }: (typeof UPLOADS)[string],
): Promise<{ id: string; bytes: Uint8Array<ArrayBuffer>; blob: Digest }> {
  const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
  for (const chunk of chunks) await registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(chunk));
  const bytes = new Uint8Array(chunks.flatMap((chunk) => [...chunk]));
  return { id, bytes, blob: digest(bytes, algorithm) };
}

/** Stores whose call of this number fails, before or after it is done. */
function failingStores(stores: TestStores, at: number, moment: Moment) {
  let calls = 0;
  let failing: { method: string; args: unknown[] } | undefined;
  const fail = (method: string) => {
    throw new UnavailableError(method, new Error("No answer"));
  };
  const before = (method: string, args: unknown[]) => {
    if (++calls !== at) return;
    failing = { method, args };
    if (moment === "before") fail(method);
  };
  const after = (method: string, args: unknown[]) => {
    if (args === failing?.args) fail(method);
  };
  return {
    objects: hooked(stores.objects, before, after),
    table: hooked(stores.table, before, after),
    failed: () => failing?.method,
    /** Attributes of the item that was put without an answer, so that its version is not known. */
    lost: () => {
      const [item] = failing?.args as [NewItem | string];
      const isLost = failing?.method === "put" && moment === "after" && typeof item !== "string";
      return isLost ? item.attributes : undefined;
    },
  };
}

const answerOf = (commit: Promise<unknown>): Promise<unknown> => commit.catch((error) => error);

for (const [name, upload] of Object.entries(UPLOADS)) {
  for (const moment of ["before", "after"] as const) {
    Deno.test(`commitUpload() ${name} can be repeated at once when a call failed ${moment} it was done`, async () => {
      for (let at = 1;; at++) {
        const stores = new TestStores();
        const first = stores.registry(OPTIONS);
        const { id, bytes, blob } = await uploadOf(first, upload);
        const failing = failingStores(stores, at, moment);
        const { registry } = stores.registry({ ...OPTIONS, ...failing });
        const failed = await answerOf(registry.commitUpload(REPOSITORY, PRINCIPAL, id, blob));
        if (failing.failed() === undefined) return assertGreater(at, 5);
        const repeat = () => answerOf(first.registry.commitUpload(REPOSITORY, PRINCIPAL, id, blob));
        if (failing.lost()?.state === "committing") {
          assertEquals((await repeat() as RegistryError).status, 503);
          stores.now += OPTIONS.deadline + 1;
        }
        assertEquals(await repeat(), { digest: blob, size: bytes.length }, `${failing.failed()}: ${failed}`);
        assertEquals(await readBlob(first.registry, blob), bytes);
      }
    });
  }
}

/** A registry whose commits fail when they complete an object, and an upload that one of them has failed to commit. */
async function failedCommit() {
  const stores = new TestStores();
  const healthy = stores.registry(OPTIONS);
  const upload = await uploadOf(healthy, UPLOADS["of parts"]!);
  const objects = hooked(stores.objects, (method) => {
    if (method === "completeParts") throw new UnavailableError(method, new Error("No answer"));
  });
  const { registry } = stores.registry({ ...OPTIONS, objects });
  const commit = () => registry.commitUpload(REPOSITORY, PRINCIPAL, upload.id, upload.blob);
  const item = async () => stored<UploadAttributes>(await stores.table.get(uploadKey(upload.id)))!;
  await assertRejects(commit, UnavailableError);
  return { stores, ...healthy, ...upload, commit, item };
}

Deno.test("commitUpload() that has failed keeps its upload for the same digest, and for no more bytes", async () => {
  const { registry, id } = await failedCommit();
  for (const other of [digest(content(3)), digest(content(30), "sha512")]) {
    const commit = () => registry.commitUpload(REPOSITORY, PRINCIPAL, id, other);
    assertEquals((await assertRejects(commit, RegistryError)).code, "BLOB_UPLOAD_UNKNOWN");
  }
  const append = () => registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(content(3)));
  assertEquals((await assertRejects(append, RegistryError)).status, 416);
  const cancel = () => registry.cancelUpload(REPOSITORY, PRINCIPAL, id);
  assertEquals((await assertRejects(cancel, RegistryError)).status, 416);
});

Deno.test("commitUpload() that takes over from a failed one has the upload for itself until it fails too", async () => {
  const { stores, registry, id, blob, commit, item } = await failedCommit();
  const before = (await item()).attributes;
  assertEquals([before.state, before.failed], ["committing", true]);
  stores.now += 100;
  let busy: RegistryError | undefined;
  const objects = hooked(stores.objects, async (method) => {
    if (method !== "completeParts") return;
    const { attributes } = await item();
    assertEquals([attributes.state, attributes.failed], ["committing", undefined]);
    assertEquals(attributes.committingUntil, stores.now + OPTIONS.deadline);
    busy = await assertRejects(() => registry.commitUpload(REPOSITORY, PRINCIPAL, id, blob), RegistryError);
    throw new Error("Died");
  });
  const second = stores.registry({ ...OPTIONS, objects }).registry;
  await assertRejects(() => second.commitUpload(REPOSITORY, PRINCIPAL, id, blob), Error, "Died");
  assertEquals([busy?.status, busy?.headers["Retry-After"]], [503, "1"]);
  await assertRejects(commit, UnavailableError);
  assertEquals((await item()).attributes.failed, true);
  assertEquals((await registry.commitUpload(REPOSITORY, PRINCIPAL, id, blob)).digest, blob);
});

Deno.test("commitUpload() that has failed keeps its deadline, from which the sweep counts the grace period", async () => {
  const { stores, item } = await failedCommit();
  assertEquals((await item()).attributes.committingUntil, stores.now + OPTIONS.deadline);
});

Deno.test("commitUpload() that fails after another request took over leaves the upload to that one", async () => {
  const stores = new TestStores();
  const { registry } = stores.registry(OPTIONS);
  const { id, blob } = await uploadOf(stores.registry(OPTIONS), UPLOADS["of parts"]!);
  let isAlone = true;
  const objects = hooked(stores.objects, async (method) => {
    if (method !== "completeParts" || !isAlone) return;
    isAlone = false;
    stores.now += OPTIONS.deadline + 1;
    // The second one dies in the middle, so it still has its turn.
    const { objects, table } = dyingStores(stores, "completeParts");
    const second = stores.registry({ ...OPTIONS, objects, table }).registry;
    await assertRejects(() => second.commitUpload(REPOSITORY, PRINCIPAL, id, blob), Error, "died");
    throw new UnavailableError(method, new Error("No answer"));
  });
  const late = stores.registry({ ...OPTIONS, objects }).registry;
  await assertRejects(() => late.commitUpload(REPOSITORY, PRINCIPAL, id, blob), RegistryError);
  const busy = await assertRejects(
    () => registry.commitUpload(REPOSITORY, PRINCIPAL, id, blob),
    RegistryError,
  );
  assertEquals(busy.status, 503);
});

/** States that `registry` writes to uploads, in the order of the writes. */
function withStates(stores: TestStores, more: Partial<Parameters<TestStores["registry"]>[0]> = {}) {
  const states: unknown[] = [];
  const table = hooked(stores.table, (method, [item]) => {
    const { pk, attributes } = item as NewItem;
    if (method === "put" && pk.startsWith("upload#")) states.push(attributes.state);
  });
  return { states, registry: stores.registry({ ...OPTIONS, ...more, table }).registry };
}

Deno.test("commitUpload() writes nothing more for an upload that it has ended", async () => {
  for (const algorithm of ["sha256", "sha512"] as const) {
    const stores = new TestStores();
    const { id } = await uploadOf(stores.registry(OPTIONS), UPLOADS["of parts"]!);
    const { states, registry } = withStates(stores);
    const wrong = () => registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(content(30, 1), algorithm));
    assertEquals((await assertRejects(wrong, RegistryError)).code, "DIGEST_INVALID");
    assertEquals(states, ["committing", "aborting"]);
  }
});

Deno.test("commitUpload() writes nothing more for an upload whose parts are gone", async () => {
  const stores = new TestStores();
  const { id, blob } = await uploadOf(stores.registry(OPTIONS), UPLOADS["of parts"]!);
  const objects = hooked(stores.objects, (method, [key, partsId]) => {
    if (method === "completeParts") throw new UnknownPartsError(String(key), String(partsId));
  });
  const { states, registry } = withStates(stores, { objects });
  const commit = () => registry.commitUpload(REPOSITORY, PRINCIPAL, id, blob);
  assertEquals((await assertRejects(commit, RegistryError)).code, "BLOB_UPLOAD_UNKNOWN");
  assertEquals(states, ["committing", "aborting"]);
});

Deno.test("commitUpload() that failed with an error for clients can be repeated at once", async () => {
  const stores = new TestStores();
  const { registry } = stores.registry(OPTIONS);
  const { id, blob } = await uploadOf(stores.registry(OPTIONS), UPLOADS["of parts"]!);
  const table = hooked(stores.table, (method, [item]) => {
    if (method === "put" && (item as NewItem).pk.startsWith("blob#")) throw unavailable("Too many conflicts");
  });
  const refused = stores.registry({ ...OPTIONS, table }).registry;
  const commit = () => refused.commitUpload(REPOSITORY, PRINCIPAL, id, blob);
  assertEquals((await assertRejects(commit, RegistryError)).message, "Too many conflicts");
  assertEquals((await registry.commitUpload(REPOSITORY, PRINCIPAL, id, blob)).digest, blob);
});
