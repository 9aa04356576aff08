// What the conformance suite does not check: lists of tags, repositories and referrers, and the extensions.
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { cached } from "../../cache/mod.ts";
import { OCI_INDEX } from "../../oci/mod.ts";
import { readOnly, type Registry, withDeletes } from "../../registry/mod.ts";
import { buildApp, testStores } from "../harness/app.ts";
import {
  digestOf,
  EMPTY,
  EMPTY_DESCRIPTOR,
  failureIn,
  imageOf,
  manifestOf,
  pushBlob,
  pushImage,
  pushManifest,
  type Send,
  type TestManifest,
} from "../harness/content.ts";

/** Pages of a list, following `Link` from `path` to the end. */
async function pagesFrom(request: Send, path: string): Promise<Record<string, unknown>[]> {
  const pages = [];
  for (let next: string | undefined = path; next !== undefined;) {
    const response = await request(next);
    assertEquals(response.status, 200);
    pages.push(await response.json());
    next = /^<(\/[^>]*)>; rel="next"$/.exec(response.headers.get("Link") ?? "")?.[1];
  }
  return pages;
}

async function pushTags(request: Send, tags: string[]): Promise<void> {
  const manifest = await pushImage(request, "a", tags[0]!);
  for (const tag of tags) await pushManifest(request, "a", manifest, tag);
}

Deno.test("tags are listed in the order of their bytes, after pushes in any order", async () => {
  const { request } = buildApp();
  await pushTags(request, ["v10", "b", "_x", "v9", "B", "v1", "a-", "a.", "a_", "0"]);
  const { name, tags } = await (await request("/v2/a/tags/list")).json();
  assertEquals(name, "a");
  assertEquals(tags, ["0", "B", "_x", "a-", "a.", "a_", "b", "v1", "v10", "v9"]);
});

Deno.test("tags come in pages of exactly n until there are no more, with a Link to each next one", async () => {
  const { request } = buildApp();
  await pushTags(request, ["a", "b", "c", "d", "e"]);
  const pages = async (path: string) => (await pagesFrom(request, path)).map(({ tags }) => tags);
  assertEquals(await pages("/v2/a/tags/list?n=2"), [["a", "b"], ["c", "d"], ["e"]]);
  assertEquals(await pages("/v2/a/tags/list?n=5"), [["a", "b", "c", "d", "e"]]);
  assertEquals(await pages("/v2/a/tags/list?n=1000000000000000000000"), [["a", "b", "c", "d", "e"]]);
  assertEquals(await pages("/v2/a/tags/list?n=2&last=c"), [["d", "e"]]);
});

Deno.test("tags begin after a `last` that need not exist", async () => {
  const { request } = buildApp();
  await pushTags(request, ["a", "c", "e"]);
  const rows: [string, string[]][] = [
    ["", ["a", "c", "e"]],
    ["a", ["c", "e"]],
    ["b", ["c", "e"]],
    ["e", []],
    ["zzz", []],
    ["%00", ["a", "c", "e"]],
    ["%F0%9F%90%B3", []],
    ["%ff%2F..", []],
  ];
  for (const [last, expected] of rows) {
    const response = await request(`/v2/a/tags/list?last=${last}`);
    assertEquals((await response.json()).tags, expected, last);
    assertEquals(response.headers.get("Link"), null);
  }
});

Deno.test("tags are an empty list without a Link when n is 0", async () => {
  const { request } = buildApp();
  await pushTags(request, ["a", "b"]);
  const response = await request("/v2/a/tags/list?n=0");
  assertEquals(response.headers.get("Link"), null);
  assertEquals(await response.text(), '{"name":"a","tags":[]}');
});

Deno.test("tags are refused for an n that is no number, and unknown for a repository that is not", async () => {
  const { request } = buildApp();
  await pushTags(request, ["a"]);
  for (const n of ["-1", "x", "1.5"]) {
    const response = await request(`/v2/a/tags/list?n=${n}`);
    assertEquals(await failureIn(response), [400, "PAGINATION_NUMBER_INVALID"], n);
  }
  assertEquals((await (await request("/v2/a/tags/list?n=")).json()).tags, ["a"]);
  assertEquals(await failureIn(await request("/v2/unknown/tags/list")), [404, "NAME_UNKNOWN"]);
  assertEquals(await failureIn(await request("/v2/unknown/tags/list?n=0")), [404, "NAME_UNKNOWN"]);
});

Deno.test("tags are an empty list, never null, when all of them were deleted", async () => {
  const { request } = buildApp();
  await pushTags(request, ["a"]);
  await request("/v2/a/manifests/a", { method: "DELETE" });
  assertEquals((await (await request("/v2/a/tags/list")).json()).tags, []);
});

Deno.test("tags all answer 404 when the manifest under them is deleted by its digest", async () => {
  const { request } = buildApp();
  const manifest = await pushImage(request, "a", "v1");
  for (const tag of ["v2", "v3"]) await pushManifest(request, "a", manifest, tag);
  const other = await pushManifest(request, "a", imageOf("other"), "other");
  assertEquals((await request(`/v2/a/manifests/${manifest.digest}`, { method: "DELETE" })).status, 202);
  for (const reference of ["v1", "v2", "v3", manifest.digest]) {
    const missing = await request(`/v2/a/manifests/${reference}`);
    assertEquals(await failureIn(missing), [404, "MANIFEST_UNKNOWN"], reference);
  }
  assertEquals((await (await request("/v2/a/tags/list")).json()).tags, ["other"]);
  assertEquals((await request(`/v2/a/manifests/${other.digest}`)).status, 200);
});

Deno.test("tags go without the manifest under them", async () => {
  const { request } = buildApp();
  const manifest = await pushImage(request, "a", "v1");
  assertEquals((await request("/v2/a/manifests/v1", { method: "DELETE" })).status, 202);
  assertEquals((await request("/v2/a/manifests/v1", { method: "DELETE" })).status, 404);
  assertEquals((await request(`/v2/a/manifests/${manifest.digest}`)).status, 200);
});

Deno.test("the catalog lists repositories in order and in pages", async () => {
  const { request } = buildApp();
  assertEquals(await (await request("/v2/_catalog")).text(), '{"repositories":[]}');
  for (const name of ["b", "a/b", "a", "a-b"]) await pushImage(request, name, "v1");
  const pages = await pagesFrom(request, "/v2/_catalog?n=3");
  assertEquals(pages, [{ repositories: ["a", "a-b", "a/b"] }, { repositories: ["b"] }]);
  const empty = await request("/v2/_catalog?n=0");
  assertEquals([empty.headers.get("Link"), (await empty.json()).repositories], [null, []]);
});

/** Attaches a manifest to `subject` by its own fields. */
function attach(
  request: Send,
  subject: TestManifest,
  fields: Record<string, unknown>,
): Promise<TestManifest> {
  const { mediaType, digest, size } = subject;
  const manifest = imageOf("attached", { subject: { mediaType, digest, size }, ...fields });
  return pushManifest(request, "a", manifest);
}

async function referrersIn(request: Send, path: string): Promise<{ digest: string; size: number }[]> {
  const pages = await pagesFrom(request, path);
  return pages.flatMap(({ manifests }) => manifests as { digest: string; size: number }[]);
}

Deno.test("referrers come in pages that clients can read, each of them a whole index, none twice", async () => {
  const { request } = buildApp();
  const subject = await pushImage(request, "a", "v1");
  const attached: string[] = [];
  for (let i = 0; i < 6; i++) {
    const annotations = { number: `${i}`, padding: "x".repeat(1_500_000) };
    attached.push((await attach(request, subject, { annotations })).digest);
  }
  const pages = await pagesFrom(request, `/v2/a/referrers/${subject.digest}`);
  assert(pages.length > 1, "one page would hold more than clients read");
  for (const page of pages) {
    assertEquals([page.schemaVersion, page.mediaType], [2, OCI_INDEX]);
    assert(JSON.stringify(page).length < 4 * 1024 * 1024);
  }
  const listed = pages.flatMap(({ manifests }) => manifests as { digest: string }[]);
  assertEquals(listed.map(({ digest }) => digest).sort(), attached.sort());
});

Deno.test("referrers keep their filter from page to page", async () => {
  const { request } = buildApp();
  const subject = await pushImage(request, "a", "v1");
  for (let i = 0; i < 4; i++) {
    const artifactType = i % 2 === 0 ? "application/a+json" : "application/b";
    await attach(request, subject, { artifactType, annotations: { i: `${i}`, pad: "x".repeat(2_500_000) } });
  }
  const path = `/v2/a/referrers/${subject.digest}?artifactType=${encodeURIComponent("application/a+json")}`;
  const listed = await referrersIn(request, path) as unknown as { artifactType: string }[];
  assertEquals(listed.map(({ artifactType }) => artifactType), ["application/a+json", "application/a+json"]);
});

Deno.test("referrers are refused for an invalid digest, and empty for one without referrers", async () => {
  const { request } = buildApp();
  for (const digest of ["sha256:abc", "latest", `sha256:${"A".repeat(64)}`, "sha256"]) {
    assertEquals(await failureIn(await request(`/v2/a/referrers/${digest}`)), [400, "DIGEST_INVALID"]);
  }
  const nobody = await request(`/v2/never/pushed/referrers/sha256:${"0".repeat(64)}`);
  assertEquals(nobody.status, 200);
  assertEquals(nobody.headers.get("Content-Type"), OCI_INDEX);
  assertEquals((await nobody.json()).manifests, []);
});

Deno.test("referrers are found by a subject whose algorithm the registry can't compute", async () => {
  const { request } = buildApp();
  await pushBlob(request, "a", EMPTY);
  const digest = `blake3:${"c".repeat(64)}`;
  const manifest = imageOf("m", { subject: { ...EMPTY_DESCRIPTOR, digest } });
  const pushed = await pushManifest(request, "a", manifest);
  const [referrer] = await referrersIn(request, `/v2/a/referrers/${digest}`);
  assertEquals(referrer?.digest, pushed.digest);
});

Deno.test("a subject is acknowledged for images and indexes, and not where there is none", async () => {
  const { request } = buildApp();
  const subject = await pushImage(request, "a", "v1");
  const { mediaType, digest, size } = subject;
  const fields = { subject: { mediaType, digest, size }, artifactType: "application/x" };
  const image = imageOf("referrer", fields);
  const index = manifestOf({ manifests: [], ...fields }, OCI_INDEX);
  for (const manifest of [image, index]) {
    const response = await request(`/v2/a/manifests/${manifest.digest}`, {
      method: "PUT",
      body: manifest.bytes,
      headers: { "Content-Type": manifest.mediaType },
    });
    assertEquals([response.status, response.headers.get("OCI-Subject")], [201, digest], manifest.mediaType);
  }
  const plain = imageOf("plain");
  const response = await request("/v2/a/manifests/plain", {
    method: "PUT",
    body: plain.bytes,
    headers: { "Content-Type": plain.mediaType },
  });
  assertEquals([response.status, response.headers.get("OCI-Subject")], [201, null]);
});

Deno.test("extensions are discovered for the registry and for a repository", async () => {
  const { request } = buildApp();
  for (const path of ["/v2/_oci/ext/discover", "/v2/a/_oci/ext/discover"]) {
    const { extensions } = await (await request(path)).json();
    for (const { name, url, description, endpoints } of extensions) {
      for (const text of [name, url, description]) assertNotEquals(text, "");
      assert(Array.isArray(endpoints));
    }
  }
});

Deno.test("the history of a tag lists its earlier targets, newest first", async () => {
  const { request } = buildApp();
  const first = await pushImage(request, "a", "v1", "first");
  const second = await pushManifest(request, "a", imageOf("second"), "v1");
  const { moves } = await (await request("/v2/a/_skerry/tags/history?tag=v1")).json();
  assertEquals(moves.map(({ digest }: { digest: string }) => digest), [second.digest, first.digest]);
  assert(Math.abs(Date.parse(moves[0].at) - Date.now()) < 60_000);
  const unknown = await request("/v2/a/_skerry/tags/history?tag=v2");
  assertEquals(await failureIn(unknown), [404, "MANIFEST_UNKNOWN"]);
});

Deno.test("a repository that is deleted is gone at once, with its tags, manifests, blobs and referrers", async () => {
  const { request } = buildApp({ wrap: cached });
  const image = await pushImage(request, "a", "v1");
  const { mediaType, digest, size } = image;
  await pushManifest(request, "a", imageOf("signature", { subject: { mediaType, digest, size } }));
  await pushImage(request, "b", "v1");
  const paths = [
    "manifests/v1",
    `manifests/${digest}`,
    `blobs/${digestOf(EMPTY)}`,
    "tags/list",
    "_skerry/tags/history?tag=v1",
  ];
  for (const path of paths) assertEquals((await request(`/v2/a/${path}`)).status, 200, path);
  const deletion = await request("/v2/a/_skerry/repository", { method: "DELETE" });
  assertEquals([deletion.status, await deletion.text()], [202, ""]);
  for (const path of paths) assertEquals((await request(`/v2/a/${path}`)).status, 404, path);
  assertEquals((await (await request(`/v2/a/referrers/${digest}`)).json()).manifests, []);
  assertEquals((await (await request("/v2/_catalog")).json()).repositories, ["b"]);
  for (const path of paths) assertEquals((await request(`/v2/b/${path}`)).status, 200, path);
  const again = await request("/v2/a/_skerry/repository", { method: "DELETE" });
  assertEquals(await failureIn(again), [404, "NAME_UNKNOWN"]);
});

Deno.test("a repository is not deleted where any of its content may not be", async () => {
  const all = { tags: true, manifests: true, blobs: true };
  const switches = [
    readOnly,
    ...["tags", "manifests", "blobs"].map((name) => (registry: Registry) =>
      withDeletes(registry, { ...all, [name]: false })
    ),
  ];
  for (const wrap of switches) {
    const stores = testStores();
    await pushImage(buildApp({ registry: stores }).request, "a", "v1");
    const { request } = buildApp({ registry: stores, wrap });
    const refused = await request("/v2/a/_skerry/repository", { method: "DELETE" });
    assertEquals(await failureIn(refused), [405, "UNSUPPORTED"]);
    assertEquals((await request("/v2/a/manifests/v1")).status, 200);
  }
});
