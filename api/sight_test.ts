// A repository that the caller may not see answers as one that does not exist.
import { assertEquals } from "@std/assert";
import { parseDigest, RegistryError, type RepositoryName } from "../oci/mod.ts";
import { REPOSITORY, tag } from "../tests/harness/stores.ts";
import type { Caller } from "../registry/mod.ts";
import { ALICE, pullerOf, TestApi } from "./testing/fixture.ts";

const HIDDEN = "secret/app" as RepositoryName;
const ABSENT = "secret/none" as RepositoryName;

async function outcome(run: () => Promise<unknown>): Promise<unknown> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    return [error.code, error.status, error.message];
  }
}

Deno.test("every method answers for a hidden repository as for one that does not exist", async () => {
  const test = await TestApi.open();
  const image = await test.image({ tags: ["v1"], layers: ["hidden"], repository: HIDDEN });
  const own = await test.image({ tags: ["v1"] });
  const [hidden, shown] = [parseDigest(image.digest), parseDigest(own.digest)];
  const { api } = test;
  const reference = { tag: tag("v1") };
  const methods: { [name: string]: (caller: Caller, name: RepositoryName) => Promise<unknown> } = {
    getRepository: (caller, name) => api.getRepository(caller, name),
    listTags: (caller, name) => api.listTags(caller, name),
    getManifest: (caller, name) => api.getManifest(caller, name, reference),
    getTagHistory: (caller, name) => api.getTagHistory(caller, name, tag("v1")),
    diff: (caller, name) => api.diff(caller, name, { from: reference, to: reference }),
    "diff from another repository": (caller, fromRepository) =>
      api.diff(caller, REPOSITORY, { fromRepository, from: reference, to: reference }),
    listReferrers: (caller, name) => api.listReferrers(caller, name, hidden),
    getReferrer: (caller, name) => api.getReferrer(caller, name, hidden),
    getSignatures: (caller, name) => api.getSignatures(caller, name, hidden),
    search: (caller, repository) => api.search(caller, { q: "v1", repository }),
    moveTag: (caller, name) => api.moveTag(caller, name, tag("v1"), hidden, { dryRun: true }),
    deleteTag: (caller, name) => api.deleteTag(caller, name, tag("v1"), { dryRun: true }),
    deleteManifest: (caller, name) => api.deleteManifest(caller, name, hidden, { dryRun: true }),
    deleteRepository: (caller, name) => api.deleteRepository(caller, name, { dryRun: true }),
  };
  assertEquals(
    Object.keys(methods).filter((name) => !name.includes(" ")).sort(),
    Object.keys(api).filter((name) => name !== "listRepositories").sort(),
    "every method is here",
  );
  const puller = pullerOf(REPOSITORY);
  for (const [name, method] of Object.entries(methods)) {
    test.take();
    const answer = await outcome(() => method(puller, HIDDEN));
    if (name !== "diff from another repository") {
      assertEquals(test.take(), { table: 0, objects: 0 }, `${name} reads nothing`);
    }
    assertEquals(answer, ["NAME_UNKNOWN", 404, "Repository not found"], name);
    assertEquals(await outcome(() => method(puller, ABSENT)), answer, name);
    assertEquals(typeof await outcome(() => method(ALICE, HIDDEN)), "object", `${name} works for others`);
  }
  const { repositories } = await api.listRepositories(puller);
  assertEquals(repositories.map(({ name }) => name), [REPOSITORY]);
  const { hits } = await api.search(puller, {
    q: image.digest,
    places: ["digest", "tag", "repository", "annotation", "package"],
  });
  assertEquals(hits, []);
  // A digest of the hidden repository does not exist in the own one.
  assertEquals(await outcome(() => api.getManifest(puller, REPOSITORY, { digest: hidden })), [
    "MANIFEST_UNKNOWN",
    404,
    "Manifest not found in the repository",
  ]);
  assertEquals((await api.listReferrers(puller, REPOSITORY, hidden)).exists, false);
  assertEquals((await api.listReferrers(puller, REPOSITORY, shown)).exists, true);
});
