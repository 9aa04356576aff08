import { assertEquals, assertRejects } from "@std/assert";
import { deferredRegistry } from "./deferred_registry.ts";
import { parseRepositoryName } from "../../oci/mod.ts";
import type { Registry } from "../mod.ts";

const NAME = parseRepositoryName("a");

Deno.test("deferredRegistry() opens at the first operation, once, and hands everything on", async () => {
  const calls: unknown[][] = [];
  let opened = 0;
  const inner = {
    listTags(...args: unknown[]) {
      calls.push(args);
      return Promise.resolve({ items: ["latest"] });
    },
  } as unknown as Registry;
  const registry = deferredRegistry(() => {
    opened++;
    return Promise.resolve(inner);
  });
  assertEquals(opened, 0);
  const both = [registry.listTags(NAME, { limit: 1 }), registry.listTags(NAME, { limit: 2 })];
  assertEquals(await Promise.all(both), [{ items: ["latest"] }, { items: ["latest"] }] as never);
  await registry.listTags(NAME, { limit: 3 });
  assertEquals(calls, [[NAME, { limit: 1 }], [NAME, { limit: 2 }], [NAME, { limit: 3 }]]);
  assertEquals(opened, 1);
});

Deno.test("deferredRegistry() rejects when there is nothing to open", async () => {
  const registry = deferredRegistry(() => Promise.reject(new Error("no such folder")));
  await assertRejects(() => registry.listTags(NAME, {}), Error, "no such folder");
});
