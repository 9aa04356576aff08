import { assertEquals, assertRejects } from "@std/assert";
import { RegistryError } from "../../oci/mod.ts";
import type { Registry } from "../registry.ts";
import { REPOSITORY, TestStores } from "../../tests/harness/stores.ts";
import { readOnly } from "./switches.ts";

const READS = [
  "getBlob",
  "getManifest",
  "getTagHistory",
  "listIndexes",
  "listReferrers",
  "listRepositories",
  "listTags",
  "resolveTag",
  "statBlob",
];

Deno.test("readOnly() refuses every method that is not a read, and one that is added later", async () => {
  const purge = () => Promise.resolve("purged");
  const registry: Registry & { purge: () => Promise<string> } = {
    ...new TestStores().registry().registry,
    purge,
  };
  const reader = readOnly(registry) as unknown as Record<string, (...args: unknown[]) => unknown>;
  assertEquals(
    Object.keys(reader).filter((name) => reader[name] === registry[name as keyof Registry]).sort(),
    READS,
  );
  for (const name of Object.keys(reader).filter((name) => !READS.includes(name))) {
    const refused = await assertRejects(
      async () => await reader[name]!(REPOSITORY),
      RegistryError,
      "read-only",
    );
    assertEquals(refused.code, "UNSUPPORTED", name);
  }
  assertEquals(Object.hasOwn(reader, "purge"), true);
});
