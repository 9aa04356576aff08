import { assert, assertEquals } from "@std/assert";
import { parseDigest } from "../oci/mod.ts";
import { REPOSITORY, tag, utf8 } from "../tests/harness/stores.ts";
import { ALICE, TestApi, type TestDescriptor } from "./testing/fixture.ts";

/** A registry with an image of two layers, an index of it, an SBOM, and two moves of a tag. */
async function filled() {
  const test = await TestApi.open();
  const image = await test.image({
    config: { config: { User: "a" } },
    layers: ["base", "app"],
    tags: ["v1", "stable"],
  });
  const next = await test.image({ layers: ["base", "next"], tags: ["v2", "stable"] });
  const platform = { os: "linux", architecture: "amd64" };
  const index = await test.index([{ ...image, platform }, {
    ...next,
    platform: { ...platform, architecture: "arm64" },
  }], ["multi"]);
  const blob = await test.json({ spdxVersion: "SPDX-2.3", packages: [] }, "application/spdx+json");
  const sbom = await test.artifact({ artifactType: "application/spdx+json", blobs: [blob], subject: image });
  return { test, image, next, index, sbom };
}

/** Another process over the same stores: it remembers nothing. */
async function fresh({ test }: { test: TestApi }): Promise<TestApi> {
  const other = await TestApi.open({ stores: test.stores });
  other.take();
  return other;
}

const digestOf = ({ digest }: TestDescriptor) => parseDigest(digest);

Deno.test("each read makes a fixed number of requests, and fewer once it knows the content", async () => {
  const content = await filled();
  const { image, sbom } = content;
  const v1 = { tag: tag("v1") };
  const rows: [
    name: string,
    read: (api: TestApi["api"]) => Promise<unknown>,
    first: [number, number],
    then: [number, number],
  ][] = [
    // names, facts, tags, target
    ["listRepositories", (api) => api.listRepositories(ALICE), [4, 0], [3, 0]],
    // facts, tags, targets, children; manifest, referrers
    ["getRepository", (api) => api.getRepository(ALICE, REPOSITORY), [6, 1], [5, 0]],
    // tags, count, targets, children
    ["listTags", (api) => api.listTags(ALICE, REPOSITORY), [3, 0], [2, 0]],
    ["listTags newest first", (api) => api.listTags(ALICE, REPOSITORY, { sort: "newest" }), [2, 0], [1, 0]],
    // tag, manifest; tag marks, tags, edges, indexes, their tags (2), referrers; link of the config
    ["getManifest", (api) => api.getManifest(ALICE, REPOSITORY, v1), [10, 1], [10, 0]],
    // tag, earlier moves, manifests
    ["getTagHistory", (api) => api.getTagHistory(ALICE, REPOSITORY, tag("stable")), [3, 0], [3, 0]],
    // two tags, two manifests, two configs
    ["diff", (api) => api.diff(ALICE, REPOSITORY, { from: v1, to: { tag: tag("v2") } }), [6, 2], [6, 0]],
    [
      "diff of indexes",
      (api) => api.diff(ALICE, REPOSITORY, { from: { tag: tag("multi") }, to: { tag: tag("multi") } }),
      [6, 0],
      [6, 0],
    ],
    // subject, list, tags of cosign, referrers of the one
    ["listReferrers", (api) => api.listReferrers(ALICE, REPOSITORY, digestOf(image)), [4, 0], [4, 0]],
    ["getReferrer", (api) => api.getReferrer(ALICE, REPOSITORY, digestOf(sbom)), [2, 1], [2, 0]],
    // names twice, tags
    ["search", (api) => api.search(ALICE, { q: "v" }), [3, 0], [3, 0]],
    ["search for a package", (api) => api.search(ALICE, { q: "a", places: ["package"] }), [6, 1], [3, 0]],
    [
      "deleteManifest, dry run",
      (api) => api.deleteManifest(ALICE, REPOSITORY, digestOf(image), { dryRun: true }),
      [9, 0],
      [9, 0],
    ],
  ];
  const found: Record<string, [number, number][]> = {};
  for (const [name, read] of rows) {
    const process = await fresh(content);
    const counts: [number, number][] = [];
    for (let time = 0; time < 2; time++) {
      await read(process.api);
      const { table, objects } = process.take();
      counts.push([table, objects]);
    }
    found[name] = counts;
  }
  assertEquals(found, Object.fromEntries(rows.map(([name, , first, then]) => [name, [first, then]])));
});

Deno.test("reads of a huge repository make no more requests than their limits allow", async () => {
  const { test, image } = await filled();
  const read = await test.registry.getManifest(REPOSITORY, { digest: digestOf(image) });
  for (let i = 0; i < 10_000; i += 100) {
    await test.registry.putManifest(REPOSITORY, ALICE, {
      bytes: read.bytes,
      contentType: read.mediaType,
      reference: { digest: digestOf(image) },
      tags: Array.from({ length: 100 }, (_, n) => tag(`t${String(i + n).padStart(5, "0")}`)),
      condition: {},
    });
  }
  const process = await fresh({ test });
  const costs = async (run: (api: TestApi["api"]) => Promise<unknown>) => {
    process.take();
    await run(process.api);
    return process.take().table;
  };
  assertEquals(await costs((api) => api.listTags(ALICE, REPOSITORY)), 3);
  assertEquals(await costs((api) => api.listTags(ALICE, REPOSITORY, { sort: "newest" })), 11);
  assertEquals(await costs((api) => api.listTags(ALICE, REPOSITORY, { q: "t09" })), 11);
  assert(await costs((api) => api.getRepository(ALICE, REPOSITORY)) <= 9);
  assertEquals(await costs((api) => api.listRepositories(ALICE)), 3);
  assert(await costs((api) => api.getManifest(ALICE, REPOSITORY, { digest: digestOf(image) })) <= 11);
  const newest = await process.api.listTags(ALICE, REPOSITORY, { sort: "newest" });
  assertEquals([newest.complete, newest.total], [false, { count: 10_000, more: true }]);
  const { tags } = await process.api.getRepository(ALICE, REPOSITORY);
  assertEquals(tags, { count: 1000, more: true });
});

Deno.test("an index of 10,000 children is shown in pages", async () => {
  const { test, image } = await filled();
  const children = Array.from({ length: 10_000 }, (_, i) => ({ ...image, annotations: { n: `${i}` } }));
  await test.index(children, ["large"]);
  const process = await fresh({ test });
  const view = await process.api.getManifest(ALICE, REPOSITORY, { tag: tag("large") }, { from: 9950 });
  assertEquals([view.children.length, view.parts], [50, { from: 9950, total: 10_000 }]);
  assert(process.take().table <= 12);
  await process.api.listTags(ALICE, REPOSITORY);
  assert(process.take().table <= 8);
});

Deno.test("a hostile chart, config or SBOM is shown as a problem or a text", async () => {
  const { test } = await filled();
  const bomb = new Uint8Array(
    await new Response(
      new Blob([new Uint8Array(32 * 1024 * 1024)]).stream().pipeThrough(new CompressionStream("gzip")),
    ).arrayBuffer(),
  );
  const chart = async (bytes: Uint8Array<ArrayBuffer>, name: string) => {
    await test.manifest({
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config: await test.json(
        { name: "x", version: ["1"], maintainers: [null, 1] },
        "application/vnd.cncf.helm.config.v1+json",
      ),
      layers: [await test.blob(bytes, "application/vnd.cncf.helm.chart.content.v1.tar+gzip")],
    }, [name]);
    return (await test.api.getManifest(ALICE, REPOSITORY, { tag: tag(name) })).chart!;
  };
  assertEquals((await chart(bomb, "bomb")).problem, "The archive unpacks to more than 16777216 bytes");
  assertEquals((await chart(utf8("no archive"), "none")).problem, "Not a gzipped tar archive");
  assertEquals((await chart(utf8("no"), "short")).facts, [{ name: "name", value: "x" }]);
});
