import { assertEquals, assertRejects } from "@std/assert";
import { type Action, parseDigest, RegistryError } from "../oci/mod.ts";
import type { Caller, Changed } from "../registry/mod.ts";
import { REPOSITORY, tag } from "../tests/harness/stores.ts";
import {
  manifestDeletionSchema,
  repositoryDeletionSchema,
  tagChangeSchema,
  tagDeletionSchema,
} from "./schemas/mod.ts";
import { ALICE, checked, TestApi } from "./testing/fixture.ts";

/** Caller with these rights, whose changes are recorded. */
function callerWith(actions: Action[], changes: Parameters<Changed>[0][] = []): Caller {
  return {
    name: "user:bob",
    may: (action) => actions.includes(action),
    sees: () => actions.includes("pull"),
    changed: (change) => changes.push(change),
  };
}

async function failureOf(run: () => Promise<unknown>): Promise<[string, number]> {
  const { code, status } = await assertRejects(run, RegistryError);
  return [code, status];
}

Deno.test("moveTag() rolls a tag back, audited and by its condition, and a dry run changes nothing", async () => {
  const test = await TestApi.open();
  const [v1, v2] = [
    await test.image({ layers: ["1"], tags: ["v1"] }),
    await test.image({ layers: ["2"], tags: ["stable"] }),
  ];
  const [one, two] = [parseDigest(v1.digest), parseDigest(v2.digest)];
  const changes: Parameters<Changed>[0][] = [];
  const bob = callerWith(["pull", "push", "overwrite"], changes);
  const move = (options = {}) => test.api.moveTag(bob, REPOSITORY, tag("stable"), one, options);
  const wanted = { name: REPOSITORY, tag: "stable", before: v2.digest, after: v1.digest };
  assertEquals(checked(tagChangeSchema, await move({ dryRun: true })), { ...wanted, dryRun: true });
  assertEquals([await test.registry.resolveTag(REPOSITORY, tag("stable")), changes], [two, []]);
  assertEquals(await failureOf(() => move({ condition: { ifMatch: [one] } })), ["DENIED", 412]);
  assertEquals(checked(tagChangeSchema, await move({ condition: { ifMatch: [two] } })), {
    ...wanted,
    dryRun: false,
  });
  assertEquals(await test.registry.resolveTag(REPOSITORY, tag("stable")), one);
  assertEquals(changes.map(({ action }) => action), ["manifest.push", "tag.move"], "as a push has them");
  const { moves } = await test.api.getTagHistory(ALICE, REPOSITORY, tag("stable"));
  assertEquals(moves.map(({ digest, by }) => [digest, by]), [[one, "user:bob"], [two, "user:alice"]]);
});

Deno.test("moveTag() needs the rights of a push, and a dry run tells the same", async () => {
  const immutable = [{ repositories: ["**"], tags: ["v1"], except: [] }];
  const test = await TestApi.open({ rules: { immutable } });
  await test.image({ layers: ["1"], tags: ["v1", "latest"] });
  const other = parseDigest((await test.image({ layers: ["2"] })).digest);
  const missing = parseDigest(`sha256:${"0".repeat(64)}`);
  for (const dryRun of [true, false]) {
    const move = (actions: Action[], name: string, digest = other) =>
      failureOf(() => test.api.moveTag(callerWith(actions), REPOSITORY, tag(name), digest, { dryRun }));
    assertEquals(await move([], "latest"), ["NAME_UNKNOWN", 404]);
    assertEquals(await move(["pull"], "latest"), ["DENIED", 403]);
    assertEquals(await move(["pull", "push"], "latest"), ["DENIED", 403]);
    assertEquals(await move(["pull", "push", "overwrite"], "v1"), ["DENIED", 403]);
    assertEquals(await move(["pull", "push", "overwrite"], "latest", missing), ["MANIFEST_UNKNOWN", 404]);
  }
  assertEquals(
    (await test.api.moveTag(callerWith(["pull", "push"]), REPOSITORY, tag("new"), other)).before,
    undefined,
  );
});

Deno.test("deleteTag() tells if the manifest keeps another tag, and the move back undoes it", async () => {
  const test = await TestApi.open();
  const image = await test.image({ tags: ["a", "b"] });
  const bob = callerWith(["pull", "push", "delete"]);
  const remove = async (name: string, dryRun: boolean) => {
    const { dryRun: is, otherTags, untagged, digest } = checked(
      tagDeletionSchema,
      await test.api.deleteTag(bob, REPOSITORY, tag(name), { dryRun }),
    );
    assertEquals([is, digest], [dryRun, image.digest]);
    return [otherTags.items, untagged];
  };
  assertEquals(await remove("a", true), [["b"], false]);
  assertEquals(await remove("a", false), [["b"], false]);
  assertEquals(await remove("b", false), [[], true]);
  assertEquals(await failureOf(() => test.api.deleteTag(bob, REPOSITORY, tag("a"))), [
    "MANIFEST_UNKNOWN",
    404,
  ]);
  await test.api.moveTag(bob, REPOSITORY, tag("a"), parseDigest(image.digest));
  assertEquals(await test.registry.resolveTag(REPOSITORY, tag("a")), image.digest as never);
  assertEquals(await failureOf(() => test.api.deleteTag(callerWith(["pull"]), REPOSITORY, tag("a"))), [
    "DENIED",
    403,
  ]);
});

Deno.test("deleteManifest() tells the tags, blobs, indexes and referrers that it concerns", async () => {
  const test = await TestApi.open();
  const image = await test.image({ layers: ["base", "mine"], tags: ["v1", "v2"] });
  await test.image({ layers: ["base", "other"], config: { a: 1 } });
  const index = await test.index([image], ["multi"]);
  await test.artifact({ artifactType: "text/plain", blobs: [], subject: image });
  const bob = callerWith(["pull", "delete"]);
  const digest = parseDigest(image.digest);
  const plan = checked(
    manifestDeletionSchema,
    await test.api.deleteManifest(bob, REPOSITORY, digest, { dryRun: true }),
  );
  assertEquals([plan.tags.items, plan.inIndexes.items, plan.referrers.count], [
    ["v1", "v2"],
    [index.digest],
    1,
  ]);
  const config = (await test.api.getManifest(ALICE, REPOSITORY, { digest })).config!;
  assertEquals(plan.blobs, { count: 2, bytes: config.size + 4, kept: 1, complete: true });
  assertEquals((await test.api.deleteManifest(bob, REPOSITORY, digest)).dryRun, false);
  assertEquals(await failureOf(() => test.api.getManifest(ALICE, REPOSITORY, { digest })), [
    "MANIFEST_UNKNOWN",
    404,
  ]);
  assertEquals(await failureOf(() => test.api.deleteManifest(bob, REPOSITORY, digest)), [
    "MANIFEST_UNKNOWN",
    404,
  ]);
});

Deno.test("deletes that are disabled are refused in a dry run too", async () => {
  for (const rules of [{ readOnly: true }, { deletes: { tags: false, manifests: false } }]) {
    const test = await TestApi.open({ rules });
    const image = await test.image({ tags: ["v1"] });
    assertEquals(
      await failureOf(() => test.api.deleteTag(ALICE, REPOSITORY, tag("v1"), { dryRun: true })),
      ["UNSUPPORTED", 405],
    );
    const digest = parseDigest(image.digest);
    assertEquals(
      await failureOf(() => test.api.deleteManifest(ALICE, REPOSITORY, digest, { dryRun: true })),
      ["UNSUPPORTED", 405],
    );
  }
});

Deno.test("deleteRepository() counts in a dry run, and needs the right to administer", async () => {
  const test = await TestApi.open();
  await test.image({ tags: ["v1", "v2"] });
  const plan = await test.api.deleteRepository(ALICE, REPOSITORY, { dryRun: true });
  assertEquals(checked(repositoryDeletionSchema, plan), {
    name: REPOSITORY,
    dryRun: true,
    tags: 2,
    manifests: 1,
    blobs: 2,
    kept: 0,
  });
  assertEquals(await failureOf(() => test.api.deleteRepository(callerWith(["pull", "delete"]), REPOSITORY)), [
    "DENIED",
    403,
  ]);
  await test.api.deleteRepository(ALICE, REPOSITORY);
  assertEquals(await failureOf(() => test.api.getRepository(ALICE, REPOSITORY)), ["NAME_UNKNOWN", 404]);
});
