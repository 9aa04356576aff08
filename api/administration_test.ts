import { assert, assertEquals, assertRejects } from "@std/assert";
import { RegistryError, type RepositoryName } from "../oci/mod.ts";
import { type RegistryOptions, UNRESTRICTED_CALLER } from "../registry/mod.ts";
import { body, PRINCIPAL, pushBlob, REPOSITORY, TestStores, utf8 } from "../tests/harness/stores.ts";
import { createApi } from "./create_api.ts";
import {
  collectionPreviewSchema,
  meSchema,
  openUploadListSchema,
  quotaListSchema,
  retentionPreviewSchema,
  statusSchema,
  storageListSchema,
} from "./schemas/mod.ts";
import { checked, NO_RULES, pullerOf, TestApi } from "./testing/fixture.ts";

const ROOT = UNRESTRICTED_CALLER;

async function open(
  options: Partial<RegistryOptions> = {},
  stores = new TestStores({ partSize: 4 * 1024 * 1024 }),
) {
  const stored = stores.registry(options);
  const { registry } = stored;
  const retention = [{ repositories: ["**"], keepTags: [{ tags: ["**"], newest: 1 }] }];
  const api = createApi({
    registry,
    explorer: await stored.explore(),
    rules: { ...NO_RULES, quotas: options.quotas ?? [] },
    upkeep: {
      previewCollection: (after) => stored.collect({ dryRun: true, ...(after && { after }) }),
      previewRetention: (repository) => stored.retain(retention, { dryRun: true, repository }),
      retentionRules: 1,
    },
    process: {
      version: "1.0.0",
      startedAt: 0,
      ready: () => Promise.resolve(true),
      warnings: () => ["Low disk"],
    },
    now: () => stores.now,
  });
  return { stores, stored, registry, api, content: await TestApi.open({ stores }) };
}

Deno.test("pages for administrators are denied to every other caller", async () => {
  const { api, stores } = await open();
  const caller = pullerOf(REPOSITORY);
  const before = (await stores.items()).length;
  for (
    const run of [
      () => api.listTokens(caller),
      () => api.listUploads(caller),
      () => api.cancelUpload(caller, "a"),
      () => api.listQuotas(caller),
      () => api.listStorage(caller),
      () => api.previewCollection(caller),
      () => api.previewRetention(caller, REPOSITORY),
      () => api.explain(caller, { who: "anonymous", action: "pull", repository: REPOSITORY }),
      () => api.status(caller),
    ]
  ) {
    const error = await assertRejects(run, RegistryError);
    assertEquals([error.code, error.status], ["DENIED", 403]);
  }
  assertEquals((await stores.items()).length, before);
  const me = checked(meSchema, await api.me(caller));
  assertEquals([me.kind, me.administrator, me.access], ["user", false, "open"]);
  assertEquals((await api.me(ROOT)).administrator, true);
});

Deno.test("listUploads() lists open uploads of all accounts, and cancelUpload() ends one", async () => {
  const { api, registry } = await open();
  const ids: string[] = [];
  for (let i = 0; i < 7; i++) {
    const { id } = await registry.startUpload(REPOSITORY, `user:${i}`);
    await registry.appendUpload(REPOSITORY, `user:${i}`, id, body(utf8("hello"), { first: 0 }));
    ids.push(id);
  }
  await pushBlob(registry, utf8("done"));
  const list = async (n: number) => {
    const found: { id: string; bytes: number; principal: string }[] = [];
    let last: string | undefined;
    for (;;) {
      const page = checked(openUploadListSchema, await api.listUploads(ROOT, { n, ...(last && { last }) }));
      found.push(...page.uploads);
      if (page.next === undefined) return found;
      last = page.next;
    }
  };
  for (const n of [2, 100]) assertEquals((await list(n)).map(({ id }) => id).sort(), ids.toSorted());
  assertEquals((await list(100)).every(({ bytes }) => bytes === 5), true);
  const changes: unknown[] = [];
  await api.cancelUpload({ ...ROOT, changed: (change) => changes.push(change) }, ids[0]!);
  assertEquals(changes, [{ action: "upload.cancel", repository: REPOSITORY, owner: "user:0" }]);
  assertEquals((await list(100)).map(({ id }) => id).sort(), ids.slice(1).sort());
  await assertRejects(() => registry.getUpload(REPOSITORY, "user:0", ids[0]!), RegistryError);
  for (const id of [ids[0]!, "none"]) {
    assertEquals((await assertRejects(() => api.cancelUpload(ROOT, id), RegistryError)).status, 404);
  }
  for (const last of ["x", "WzE2LG51bGxd", "WzAsMV0"]) {
    assertEquals((await assertRejects(() => api.listUploads(ROOT, { last }), RegistryError)).status, 400);
  }
});

Deno.test("listStorage() tells own bytes from shared ones, and its pages add up", async () => {
  const { api, content } = await open();
  const repositories = ["a", "b"] as RepositoryName[];
  for (const repository of repositories) {
    await content.image({ layers: ["shared layer", `only ${repository}`], repository, tags: ["v1"] });
  }
  await content.image({ layers: ["c"], config: { c: 1 }, repository: "c" as RepositoryName });
  const { repositories: [a, b, c], next } = checked(storageListSchema, await api.listStorage(ROOT));
  assertEquals([a!.name, a!.own, a!.blobs, a!.manifests, a!.part], ["a", 6, 3, 1, false]);
  assertEquals([b!.own, b!.shared > 12, c!.shared, next], [6, true, 0, undefined]);

  // More blobs than a page measures.
  const layers = Array.from({ length: 1200 }, (_, i) => `layer ${i}`);
  await content.image({ layers, repository: "b" as RepositoryName });
  const sums = new Map<string, number>();
  let pages = 0;
  let last: string | undefined;
  for (;; pages++) {
    const page = checked(storageListSchema, await api.listStorage(ROOT, { ...(last && { last }) }));
    for (const { name, blobs } of page.repositories) sums.set(name, (sums.get(name) ?? 0) + blobs);
    if (page.next === undefined) break;
    last = page.next;
  }
  assertEquals([...sums], [["a", 3], ["b", 1203], ["c", 2]]);
  assert(pages >= 2);
});

Deno.test("listQuotas() sums the use of each pattern", async () => {
  const { api, registry } = await open({
    quotas: [{ repositories: "library/**", bytes: 100 }, { repositories: "x", bytes: 1 }],
  });
  await pushBlob(registry, utf8("12345"));
  assertEquals(checked(quotaListSchema, await api.listQuotas(ROOT)).quotas, [
    { repositories: "library/**", limit: 100, used: 5, complete: true },
    { repositories: "x", limit: 1, used: 0, complete: true },
  ]);
});

Deno.test("previews of collection and retention remove nothing", async () => {
  const { api, stores, content, registry } = await open();
  await content.image({ tags: ["old"] });
  stores.now += 1000;
  await content.image({ tags: ["new"], layers: ["new"] });
  const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
  await registry.commitUpload(
    REPOSITORY,
    PRINCIPAL,
    id,
    await pushBlob(registry, utf8("loose")),
    body(utf8("loose")),
  );
  stores.now += 3 * 24 * 60 * 60_000;
  const before = (await stores.items()).length;
  const retention = checked(retentionPreviewSchema, await api.previewRetention(ROOT, REPOSITORY));
  assertEquals(retention.retirements.map(({ kind, name }) => [kind, name]), [["tag", "old"]]);
  const removals: string[] = [];
  let last: string | undefined;
  for (;;) {
    const page = checked(
      collectionPreviewSchema,
      await api.previewCollection(ROOT, { ...(last && { last }) }),
    );
    removals.push(...page.removals.map(({ kind }) => kind));
    if (page.next === undefined) break;
    last = page.next;
  }
  assert(removals.includes("blob") && removals.includes("link"), `${removals}`);
  assertEquals((await stores.items()).length, before);
});

Deno.test("status() tells the version, the warnings and the leases", async () => {
  const { api, stored } = await open();
  await stored.continueCollection({ interval: 1000, budget: 1000, removed: () => {} });
  const status = checked(statusSchema, await api.status(ROOT));
  assertEquals([status.version, status.ready, status.warnings], ["1.0.0", true, ["Low disk"]]);
  assert(status.work.length > 0);
});
