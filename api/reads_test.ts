import { assert, assertEquals, assertRejects } from "@std/assert";
import { parseDigest, RegistryError } from "../oci/mod.ts";
import { REPOSITORY, tag, utf8 } from "../tests/harness/stores.ts";
import {
  diffSchema,
  manifestViewSchema,
  repositoryListSchema,
  repositorySchema,
  tagHistorySchema,
  tagListSchema,
} from "./schemas/mod.ts";
import { ALICE, checked, pullerOf, TestApi, type TestDescriptor } from "./testing/fixture.ts";

const CONFIG = {
  created: "2026-01-02T03:04:05Z",
  config: {
    User: "app",
    Env: ["PATH=/bin", "EMPTY=", "A=b=c"],
    Entrypoint: ["/app"],
    Cmd: ["--serve"],
    WorkingDir: "/srv",
    ExposedPorts: { "8080/tcp": {} },
    Volumes: { "/data": {} },
    Labels: { "org.opencontainers.image.description": "A test", team: "x" },
  },
  history: [
    { created_by: "FROM scratch", empty_layer: true },
    { created_by: "COPY base /" },
    { created_by: "ENV A=b=c", empty_layer: true },
    { created_by: "COPY app /" },
  ],
};

const reference = ({ digest }: TestDescriptor) => ({ digest: parseDigest(digest) });

Deno.test("getManifest() shows an image with its config, and the instruction of each layer", async () => {
  const test = await TestApi.open();
  const image = await test.image({ config: CONFIG, layers: ["base", "app"], tags: ["v1", "latest"] });
  const view = checked(manifestViewSchema, await test.api.getManifest(ALICE, REPOSITORY, { tag: tag("v1") }));
  assertEquals([view.kind, view.digest, view.reference, view.pushedBy], [
    "image",
    image.digest,
    "v1",
    "user:alice",
  ]);
  assertEquals(view.tags, { items: ["latest", "v1"], more: false });
  assertEquals(view.layers.map(({ size }) => size), [4, 3]);
  const shown = view.image!;
  assertEquals(shown.platform, { os: "linux", architecture: "amd64" });
  assertEquals(shown.environment, [
    { name: "PATH", value: "/bin" },
    { name: "EMPTY", value: "" },
    { name: "A", value: "b=c" },
  ]);
  assertEquals([shown.user, shown.workingDir, shown.entrypoint, shown.command, shown.ports, shown.volumes], [
    "app",
    "/srv",
    ["/app"],
    ["--serve"],
    ["8080/tcp"],
    ["/data"],
  ]);
  assertEquals(shown.history.map(({ layer }) => layer), [undefined, 0, undefined, 1]);
  assertEquals(shown.historyFits, true);
  assertEquals(view.layers.map(({ createdBy }) => createdBy), ["COPY base /", "COPY app /"]);
  assertEquals(view.size, view.manifestSize + view.config!.size + 7);
  assertEquals(JSON.parse(view.manifest.text).layers.length, 2);
});

Deno.test("getManifest() gives no layer to a step if the history has another number of layers", async () => {
  const test = await TestApi.open();
  await test.image({ config: CONFIG, layers: ["base"], tags: ["v1"] });
  const view = checked(manifestViewSchema, await test.api.getManifest(ALICE, REPOSITORY, { tag: tag("v1") }));
  assertEquals(view.image!.historyFits, false);
  assertEquals(view.image!.history.map(({ layer }) => layer), [undefined, undefined, undefined, undefined]);
  assertEquals(view.layers[0]!.createdBy, undefined);
});

Deno.test("getManifest() shows an index with its platforms, their sizes and BuildKit's attestations", async () => {
  const test = await TestApi.open();
  const [amd, arm] = [await test.image({ layers: ["amd64"] }), await test.image({ layers: ["arm"] })];
  const statement = await test.json({ a: 1 }, "application/vnd.in-toto+json");
  const attestation = await test.artifact({
    artifactType: "application/vnd.docker.attestation.manifest.v1+json",
    blobs: [statement],
  });
  const index = await test.index([
    { ...amd, platform: { os: "linux", architecture: "amd64" } },
    { ...arm, platform: { os: "linux", architecture: "arm", variant: "v7" } },
    {
      ...attestation,
      platform: { os: "unknown", architecture: "unknown" },
      annotations: {
        "vnd.docker.reference.type": "attestation-manifest",
        "vnd.docker.reference.digest": amd.digest,
      },
    },
  ], ["multi"]);
  const view = checked(
    manifestViewSchema,
    await test.api.getManifest(ALICE, REPOSITORY, { tag: tag("multi") }),
  );
  assertEquals([view.kind, view.layers, view.parts.total], ["index", [], 3]);
  assertEquals(view.children.map(({ kind, exists }) => [kind, exists]), [
    ["image", true],
    ["image", true],
    ["attestation", true],
  ]);
  assertEquals(view.children[2]!.attests, amd.digest);
  const sizes = view.children.map(({ size }) => size!);
  assertEquals(view.size, index.size + sizes[0]! + sizes[1]! + sizes[2]!);

  const { tags: [listed] } = checked(tagListSchema, await test.api.listTags(ALICE, REPOSITORY));
  assertEquals(listed!.platforms, [
    { os: "linux", architecture: "amd64" },
    { os: "linux", architecture: "arm", variant: "v7" },
  ]);
  assertEquals(listed!.size, view.size);

  const child = checked(manifestViewSchema, await test.api.getManifest(ALICE, REPOSITORY, reference(arm)));
  assertEquals(child.indexes, { items: [{ digest: index.digest, tags: ["multi"] }], more: false });
  assertEquals(child.tags, { items: [], more: false });
});

Deno.test("getManifest() pages the children of an index, and tells which are missing", async () => {
  const test = await TestApi.open();
  const [image, removed] = [await test.image(), await test.image({ layers: ["other"] })];
  const children = Array.from({ length: 150 }, (_, i) => ({
    ...(i === 149 ? removed : image),
    platform: { os: "linux", architecture: `a${i}` },
  }));
  await test.index(children, ["most"]);
  await test.registry.deleteManifest(REPOSITORY, parseDigest(removed.digest));
  const first = checked(
    manifestViewSchema,
    await test.api.getManifest(ALICE, REPOSITORY, { tag: tag("most") }),
  );
  assertEquals([first.children.length, first.parts, first.size], [100, { from: 0, total: 150 }, undefined]);
  const second = await test.api.getManifest(ALICE, REPOSITORY, { tag: tag("most") }, { from: 100 });
  assertEquals(second.children.map(({ platform }) => platform!.architecture)[0], "a100");
  assertEquals(second.children.map(({ exists }) => exists).indexOf(false), 49);
});

Deno.test("listTags() sorts by name and by push, filters, and pages", async () => {
  const test = await TestApi.open();
  for (const [i, name] of ["b", "c", "a", "dev-1", "dev-2"].entries()) {
    test.stores.now += 1000;
    await test.image({ layers: [`layer ${i}`], tags: [name] });
  }
  const names = async (request: Parameters<typeof test.api.listTags>[2]) => {
    const found: string[][] = [];
    let last: string | undefined;
    for (;;) {
      const page = checked(
        tagListSchema,
        await test.api.listTags(ALICE, REPOSITORY, { ...request, ...(last && { last }) }),
      );
      found.push(page.tags.map(({ tag }) => tag));
      if (page.next === undefined) return found;
      last = page.next;
    }
  };
  assertEquals(await names({}), [["a", "b", "c", "dev-1", "dev-2"]]);
  assertEquals(await names({ n: 2 }), [["a", "b"], ["c", "dev-1"], ["dev-2"]]);
  assertEquals(await names({ n: 2, sort: "newest" }), [["dev-2", "dev-1"], ["a", "c"], ["b"]]);
  assertEquals(await names({ n: 1, q: "dev" }), [["dev-1"], ["dev-2"]]);
  assertEquals(await names({ q: "dev", sort: "newest" }), [["dev-2", "dev-1"]]);
  assertEquals(await names({ q: "none" }), [[]]);
  const { tags: [first], total } = await test.api.listTags(ALICE, REPOSITORY, { n: 1 });
  assertEquals(total, { count: 5, more: false });
  assertEquals([first!.pushedBy, first!.moves, first!.immutable, first!.kind], [
    "user:alice",
    1,
    false,
    "image",
  ]);
  for (const last of ["~", "a b", "WzFd"]) {
    for (const sort of ["name", "newest"] as const) {
      if (sort === "name" && last === "WzFd") continue;
      const error = await assertRejects(
        () => test.api.listTags(ALICE, REPOSITORY, { sort, last }),
        RegistryError,
      );
      assertEquals(error.status, 400);
    }
  }
});

Deno.test("listTags() shows immutable tags, and names only to callers that may change something", async () => {
  const immutable = [{ repositories: ["**"], tags: ["v*"], except: ["v0*"] }];
  const test = await TestApi.open({ rules: { immutable } });
  await test.image({ tags: ["v1", "v0", "latest"] });
  const { tags } = checked(tagListSchema, await test.api.listTags(pullerOf(REPOSITORY), REPOSITORY));
  assertEquals(tags.map(({ tag, immutable, pushedBy }) => [tag, immutable, pushedBy]), [
    ["latest", false, undefined],
    ["v0", false, undefined],
    ["v1", true, undefined],
  ]);
  const repository = checked(
    repositorySchema,
    await test.api.getRepository(pullerOf(REPOSITORY), REPOSITORY),
  );
  assertEquals([repository.immutable, repository.rights], [["v*", "!v0*"], ["pull"]]);
});

Deno.test("getRepository() takes texts from annotations before labels, and the README of a referrer", async () => {
  const test = await TestApi.open();
  const image = await test.image({
    config: CONFIG,
    layers: ["base", "app"],
    tags: ["v1"],
    more: {
      annotations: {
        "org.opencontainers.image.licenses": "Apache-2.0",
        "org.opencontainers.image.source": "javascript:alert(1)",
      },
    },
  });
  const readme = await test.blob(utf8("# Hello"), "text/markdown");
  await test.artifact({ artifactType: "text/markdown", blobs: [readme], subject: image });
  const found = checked(repositorySchema, await test.api.getRepository(ALICE, REPOSITORY));
  assertEquals([found.description, found.licenses, found.source], [
    "A test",
    "Apache-2.0",
    "javascript:alert(1)",
  ]);
  assertEquals(found.readme, { mediaType: "text/markdown", text: "# Hello", truncated: false });
  assertEquals([found.newest!.tag, found.newest!.pushedBy, found.tags], ["v1", "user:alice", {
    count: 1,
    more: false,
  }]);
});

Deno.test("listRepositories() lists the repositories that the caller sees, with the newest tags", async () => {
  const test = await TestApi.open();
  for (const name of ["team/a", "team/b", "other/c"]) {
    test.stores.now += 1000;
    await test.image({ tags: ["old"], repository: name as typeof REPOSITORY });
    test.stores.now += 1000;
    await test.image({ tags: ["a-new"], layers: ["new"], repository: name as typeof REPOSITORY });
  }
  const list = async (...[caller, request]: Parameters<typeof test.api.listRepositories>) => {
    const page = checked(repositoryListSchema, await test.api.listRepositories(caller, request));
    return page.repositories.map(({ name, newest }) => `${name}:${newest!.tag}`);
  };
  assertEquals(await list(ALICE), ["other/c:a-new", "team/a:a-new", "team/b:a-new"]);
  assertEquals(await list(ALICE, { q: "team" }), ["team/a:a-new", "team/b:a-new"]);
  assertEquals(await list(pullerOf("team/b")), ["team/b:a-new"]);
  const first = await test.api.listRepositories(ALICE, { n: 2 });
  assertEquals(await list(ALICE, { n: 2, last: first.next! }), ["team/b:a-new"]);
});

Deno.test("getTagHistory() tells which manifests still exist", async () => {
  const test = await TestApi.open();
  const first = await test.image({ layers: ["1"], tags: ["latest"] });
  test.stores.now += 1000;
  await test.image({ layers: ["2"], tags: ["latest"] });
  const history = async () =>
    checked(tagHistorySchema, await test.api.getTagHistory(ALICE, REPOSITORY, tag("latest"))).moves;
  assertEquals((await history()).map(({ exists, by }) => [exists, by]), [[true, "user:alice"], [
    true,
    "user:alice",
  ]]);
  await test.registry.deleteManifest(REPOSITORY, parseDigest(first.digest));
  assertEquals((await history()).map(({ exists }) => exists), [true, false]);
});

Deno.test("diff() compares layers, config and annotations of images", async () => {
  const test = await TestApi.open();
  const before = { ...CONFIG, config: { ...CONFIG.config, User: "root", Labels: { team: "x", old: "1" } } };
  await test.image({
    config: before,
    layers: ["base", "one"],
    tags: ["v1"],
    more: { annotations: { a: "1" } },
  });
  await test.image({
    config: CONFIG,
    layers: ["base", "second"],
    tags: ["v2"],
    more: { annotations: { a: "2" } },
  });
  const diff = checked(
    diffSchema,
    await test.api.diff(ALICE, REPOSITORY, { from: { tag: tag("v1") }, to: { tag: tag("v2") } }),
  );
  assertEquals(diff.layers.map(({ change, size, createdBy }) => [change, size, createdBy]), [
    ["same", 4, "COPY base /"],
    ["added", 6, "COPY app /"],
    ["removed", 3, "COPY app /"],
  ]);
  assertEquals(diff.bytes, { same: 4, added: 6, removed: 3 });
  assertEquals([diff.same, diff.complete, diff.children], [false, true, []]);
  assertEquals(
    new Map(diff.values.map(({ field, name, before, after }) => [`${field} ${name}`, [before, after]])),
    new Map([
      ["user undefined", ["root", "app"]],
      ["label old", ["1", undefined]],
      ["label org.opencontainers.image.description", [undefined, "A test"]],
      ["annotation a", ["1", "2"]],
    ]),
  );
  const same = await test.api.diff(ALICE, REPOSITORY, { from: { tag: tag("v1") }, to: { tag: tag("v1") } });
  assertEquals([same.same, same.values], [true, []]);
});

Deno.test("diff() compares the platforms of indexes", async () => {
  const test = await TestApi.open();
  const [amd, arm, other] = [
    await test.image({ layers: ["a", "b"] }),
    await test.image({ layers: ["c"] }),
    await test.image({ layers: ["a", "dd"] }),
  ];
  const on = (architecture: string, image: TestDescriptor) => ({
    ...image,
    platform: { os: "linux", architecture },
  });
  await test.index([on("amd64", amd), on("arm64", arm), on("s390x", arm)], ["v1"]);
  await test.index([on("amd64", other), on("arm64", arm), on("riscv64", arm)], ["v2"]);
  const diff = checked(
    diffSchema,
    await test.api.diff(ALICE, REPOSITORY, { from: { tag: tag("v1") }, to: { tag: tag("v2") } }),
  );
  assertEquals(
    diff.children.map(({ change, platform, layers }) => [change, platform!.architecture, layers]),
    [
      ["changed", "amd64", { same: 1, added: 1, removed: 1, addedBytes: 2 }],
      ["same", "arm64", undefined],
      ["added", "riscv64", undefined],
      ["removed", "s390x", undefined],
    ],
  );
  assert(diff.children[0]!.before!.size! < diff.children[0]!.after!.size!);
});
