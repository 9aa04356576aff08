import { assertEquals } from "@std/assert";
import { parseDigest } from "../oci/mod.ts";
import { fakeApp } from "../tests/harness/app.ts";

async function endpointsAt(path: string): Promise<[string, string[]][]> {
  const { extensions } = await (await fakeApp({}).request(path)).json();
  return extensions.map((extension: { name: string; endpoints: string[] }) => [
    extension.name,
    extension.endpoints,
  ]);
}

Deno.test("discoverExtensions() lists the extensions of the registry", async () => {
  assertEquals(await endpointsAt("/v2/_oci/ext/discover"), [["_oci", ["_oci/ext/discover"]]]);
});

Deno.test("discoverExtensions() lists the extensions of a repository", async () => {
  assertEquals(await endpointsAt("/v2/team/app/_oci/ext/discover"), [
    ["_oci", ["_oci/ext/discover"]],
    ["_skerry", ["_skerry/tags/history", "_skerry/repository"]],
  ]);
});

/** The moves of a tag, as a caller with this name and these rights sees them. */
async function historyFor(name: string, ...actions: string[]): Promise<Record<string, unknown>[]> {
  const digest = parseDigest(`sha256:${"a".repeat(64)}`);
  const { request } = fakeApp({
    getTagHistory: () =>
      Promise.resolve([{ digest, mediaType: "a/b", at: 1_700_000_000_123, by: "user:alice" }]),
  }, {
    access: {
      admit: () => Promise.resolve({ name, may: (action) => actions.includes(action), sees: () => true }),
    },
  });
  const response = await request("/v2/a/_skerry/tags/history?tag=v1");
  const { moves, ...rest } = await response.json();
  assertEquals(rest, { name: "a", tag: "v1" });
  return moves;
}

Deno.test("getTagHistory() tells the moves with their time in RFC 3339", async () => {
  assertEquals(await historyFor("user:bob", "pull", "push"), [{
    digest: `sha256:${"a".repeat(64)}`,
    mediaType: "a/b",
    by: "user:alice",
    at: "2023-11-14T22:13:20.123Z",
  }]);
});

Deno.test("getTagHistory() names users to callers who may change the repository, and never to anonymous", async () => {
  for (const action of ["push", "overwrite", "delete", "administer"]) {
    assertEquals((await historyFor("user:bob", "pull", action))[0]?.["by"], "user:alice");
    assertEquals("by" in (await historyFor("anonymous", "pull", action))[0]!, false);
  }
  assertEquals("by" in (await historyFor("user:bob", "pull"))[0]!, false);
});

Deno.test("deleteRepository() answers 202 without a body when the repository is gone", async () => {
  const deleted: string[] = [];
  const { request } = fakeApp({
    deleteRepository(repository) {
      deleted.push(repository);
      return Promise.resolve({ tags: 1, manifests: 1, blobs: 1, kept: 0 });
    },
  });
  const response = await request("/v2/team/app/_skerry/repository", { method: "DELETE" });
  assertEquals([response.status, await response.text()], [202, ""]);
  assertEquals(deleted, ["team/app"]);
});
