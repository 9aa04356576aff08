import { assert, assertEquals, assertRejects } from "@std/assert";
import { RegistryError, type RepositoryName } from "../oci/mod.ts";
import type { Caller } from "../registry/mod.ts";
import { REPOSITORY } from "../tests/harness/stores.ts";
import type { SearchRequest } from "./api.ts";
import { type SearchHit, searchResultSchema } from "./schemas/mod.ts";
import { ALICE, checked, pullerOf, TestApi } from "./testing/fixture.ts";

const SPDX = (name: string, versionInfo: string) => ({
  spdxVersion: "SPDX-2.3",
  packages: [{ name, versionInfo }],
});

async function searchAll(
  test: TestApi,
  request: SearchRequest,
  caller: Caller = ALICE,
): Promise<{ hits: SearchHit[]; pages: number }> {
  const hits: SearchHit[] = [];
  let last: string | undefined;
  for (let pages = 1;; pages++) {
    assert(pages < 100);
    const page = checked(
      searchResultSchema,
      await test.api.search(caller, { ...request, ...(last && { last }) }),
    );
    hits.push(...page.hits);
    if (page.next === undefined) return { hits, pages };
    last = page.next;
  }
}

Deno.test("search() finds names, tags, digests and annotations that the caller may see", async () => {
  const test = await TestApi.open();
  const repository = (name: string) => name as RepositoryName;
  const image = await test.image({
    tags: ["shop-1"],
    repository: repository("team/shop"),
    more: { annotations: { note: "Black Friday" } },
  });
  await test.image({ tags: ["shop-2"], repository: repository("secret/shop") });
  const found = async (q: string, request = {}, caller = ALICE) =>
    (await searchAll(test, { q, ...request }, caller)).hits.map(({ place, name, tag, text }) =>
      [place, name, tag, text].filter((part) => part !== undefined).join(" ")
    );
  assertEquals(await found("shop"), [
    "repository secret/shop",
    "repository team/shop",
    "tag secret/shop shop-2",
    "tag team/shop shop-1",
  ]);
  assertEquals(await found("shop", {}, pullerOf("team/shop")), [
    "repository team/shop",
    "tag team/shop shop-1",
  ]);
  assertEquals(await found(image.digest.slice(0, 20)), ["digest team/shop"]);
  assertEquals(await found(image.digest.slice(7, 20)), ["digest team/shop"]);
  assertEquals(await found("black fri", { places: ["annotation"] }), [
    "annotation team/shop shop-1 Black Friday",
  ]);
  assertEquals(await found("shop", { places: ["tag"], repository: "team/shop" }), ["tag team/shop shop-1"]);
  assertEquals(await found(" "), []);
  for (const name of ["secret/shop", "secret/none"]) {
    const request = { q: "shop", repository: repository(name) };
    const error = await assertRejects(() => test.api.search(pullerOf("team/shop"), request), RegistryError);
    assertEquals([error.code, error.status, error.message], ["NAME_UNKNOWN", 404, "Repository not found"]);
  }
  for (const last of ["x", "W10", "WzEsMV0"]) {
    assertEquals(
      (await assertRejects(() => test.api.search(ALICE, { q: "a", last }), RegistryError)).status,
      400,
    );
  }
});

Deno.test("search() pages through more repositories than one page searches, each once", async () => {
  const test = await TestApi.open();
  for (let i = 0; i < 120; i++) {
    await test.image({ tags: ["wanted"], repository: `r${String(i).padStart(3, "0")}` as RepositoryName });
  }
  const { hits, pages } = await searchAll(test, { q: "wanted" });
  assertEquals([hits.length, new Set(hits.map(({ name }) => name)).size, pages], [120, 120, 3]);
});

Deno.test("search() finds the images with a package, by referrers and by BuildKit's attestations", async () => {
  const test = await TestApi.open();
  const image = await test.image({ tags: ["v1"] });
  const artifactType = "application/spdx+json";
  for (let i = 0; i < 25; i++) {
    const blob = await test.json(SPDX(i === 24 ? "openssl" : `lib${i}`, "3.0.1"), artifactType);
    await test.artifact({ artifactType, blobs: [blob], subject: image });
  }
  const child = await test.image({ layers: ["child"] });
  const statement = await test.json({
    _type: "https://in-toto.io/Statement/v0.1",
    predicateType: "https://spdx.dev/Document",
    subject: [],
    predicate: SPDX("OpenSSL", "3.0.2"),
  }, "application/vnd.in-toto+json");
  const annotated = {
    ...statement,
    annotations: { "in-toto.io/predicate-type": "https://spdx.dev/Document" },
  };
  const attestation = await test.artifact({
    artifactType: "application/vnd.in-toto+json",
    blobs: [annotated],
  });
  await test.index([child, {
    ...attestation,
    annotations: {
      "vnd.docker.reference.type": "attestation-manifest",
      "vnd.docker.reference.digest": child.digest,
    },
  }], ["multi"]);
  const search = (request = {}) => searchAll(test, { q: "openssl", places: ["package"], ...request });
  const first = await search();
  assertEquals(
    new Set(first.hits.map(({ digest, text, tag }) => `${digest} ${text} ${tag}`)),
    new Set([
      `${image.digest} 3.0.1 v1`,
      `${child.digest} 3.0.2 multi`,
    ]),
  );
  assertEquals(first.pages, 3);
  test.take();
  assertEquals((await search({ repository: REPOSITORY, version: "3.0.2" })).hits.length, 1);
  assertEquals(test.take(), { table: 2, objects: 0 }, "what is known is not read again");
});
