import { assertEquals } from "@std/assert";
import { MemoryObjectStore } from "../mod.ts";
import { objectStoreContract } from "../objects/contract/mod.ts";
import { provenContent } from "./proven_content.ts";

objectStoreContract("provenContent()", () => {
  const objects = new MemoryObjectStore({ partSize: 64, verifies: true });
  const store = provenContent(objects, { enforces: () => Promise.resolve(true), found: () => {} });
  return Promise.resolve({ store, async [Symbol.asyncDispose]() {} });
});

/** A store whose proofs are settled by the test. */
function unproven() {
  const proofs: PromiseWithResolvers<boolean>[] = [];
  const found: unknown[] = [];
  const store = provenContent(new MemoryObjectStore({ verifies: true }), {
    found: (result) => found.push(result),
    enforces() {
      proofs.push(Promise.withResolvers());
      return proofs.at(-1)!.promise;
    },
  });
  return { store, proofs, found };
}

/** Lets what waits for a settled promise go on. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

Deno.test("provenContent() takes no unhashed content before the store has proved that it checks", async () => {
  const { store, proofs, found } = unproven();
  assertEquals(proofs.length, 1, "It is tried without being asked");
  assertEquals(store.putStream, undefined);
  proofs[0]!.resolve(true);
  await settle();
  assertEquals([typeof store.putStream, proofs.length], ["function", 1]);
  assertEquals(found, [{ enforced: true }]);
});

Deno.test("provenContent() never takes it where the store takes anything", async () => {
  const { store, proofs, found } = unproven();
  proofs[0]!.resolve(false);
  await settle();
  assertEquals([store.putStream, store.putStream, proofs.length], [undefined, undefined, 1]);
  assertEquals(found, [{ enforced: false }]);
});

Deno.test("provenContent() tries again, once at a time, until the store has given an answer", async () => {
  const { store, proofs, found } = unproven();
  const error = new Error("503");
  proofs[0]!.reject(error);
  await settle();
  assertEquals([store.putStream, store.putStream, proofs.length], [undefined, undefined, 2]);
  proofs[1]!.resolve(true);
  await settle();
  assertEquals(typeof store.putStream, "function");
  assertEquals(found, [{ error }, { enforced: true }]);
});
