// What the conformance suite does not check: pushes of manifests, their conditions, and the switches.
import { assertEquals, assertMatch } from "@std/assert";
import { OCI_MANIFEST } from "../../oci/mod.ts";
import { readOnly, withDeletes } from "../../registry/mod.ts";
import { buildApp, testStores } from "../harness/app.ts";
import {
  bytesOf,
  digestOf,
  EMPTY,
  failureIn,
  imageOf,
  indexOf,
  pushBlob,
  pushImage,
  pushManifest,
  putManifest,
} from "../harness/content.ts";

const MISSING = `sha256:${"0".repeat(64)}`;

Deno.test("a manifest of exactly the largest size is taken, and one of a byte more answers 413", async () => {
  const maxManifestSize = 64 * 1024;
  const { request } = buildApp({ limits: { maxManifestSize } });
  await pushBlob(request, "a", EMPTY);
  const ofSize = (size: number) => {
    const padding = size - imageOf("", { annotations: { pad: "" } }).size;
    return imageOf("", { annotations: { pad: "x".repeat(padding) } });
  };
  assertEquals((await putManifest(request, "a", "v1", ofSize(maxManifestSize))).status, 201);
  const larger = ofSize(maxManifestSize + 1);
  assertEquals(await failureIn(await putManifest(request, "a", "v2", larger)), [413, "SIZE_INVALID"]);
  const stream = new Blob([larger.bytes]).stream();
  const chunked = await request("/v2/a/manifests/v2", { method: "PUT", body: stream });
  assertEquals(await failureIn(chunked), [413, "SIZE_INVALID"]);
  assertEquals((await request("/v2/a/manifests/v2")).status, 404);
});

Deno.test("ten tags and more are set by one push, each named in OCI-Tag once", async () => {
  const { request } = buildApp();
  await pushBlob(request, "a", EMPTY);
  const manifest = imageOf("m");
  const tags = Array.from({ length: 60 }, (_, i) => `tag-${i}`);
  const query = [...tags, "tag-0"].map((tag) => `tag=${tag}`).join("&");
  const response = await putManifest(request, "a", `${manifest.digest}?${query}`, manifest);
  assertEquals(response.status, 201);
  assertEquals(response.headers.get("OCI-Tag")?.split(", "), tags);
  for (const tag of tags) {
    const head = await request(`/v2/a/manifests/${tag}`, { method: "HEAD" });
    assertEquals(head.headers.get("Docker-Content-Digest"), manifest.digest, tag);
  }
});

Deno.test("too many tags, malformed ones and those beside a tag set nothing at all", async () => {
  const { request } = buildApp();
  await pushBlob(request, "a", EMPTY);
  const manifest = imageOf("m");
  const many = Array.from({ length: 101 }, (_, i) => `tag=t${i}`).join("&");
  const rows: [string, number][] = [
    [`${manifest.digest}?${many}`, 414],
    [`${manifest.digest}?tag=ok&tag=-bad`, 400],
    ["v1?tag=v2", 400],
  ];
  for (const [reference, status] of rows) {
    const response = await putManifest(request, "a", reference, manifest);
    assertEquals(await failureIn(response), [status, "UNSUPPORTED"], reference);
  }
  assertEquals((await request(`/v2/a/manifests/${manifest.digest}`)).status, 404);
  assertEquals((await request("/v2/a/tags/list")).status, 404);
});

Deno.test("a wrong digest in the path is refused, and nothing is stored", async () => {
  const { request } = buildApp();
  await pushBlob(request, "a", EMPTY);
  const response = await putManifest(request, "a", MISSING, imageOf("m"));
  assertEquals(await failureIn(response), [400, "DIGEST_INVALID"]);
  assertEquals((await request(`/v2/a/manifests/${MISSING}`)).status, 404);
});

Deno.test("strict references are checked: MANIFEST_BLOB_UNKNOWN names each missing one", async () => {
  const { request } = buildApp();
  await pushBlob(request, "a", EMPTY);
  const layer = { mediaType: "application/vnd.oci.image.layer.v1.tar", digest: MISSING, size: 1 };
  for (const manifest of [imageOf("m", { layers: [layer] }), indexOf([layer])]) {
    const response = await putManifest(request, "a", "v1", manifest);
    const { errors } = await response.json();
    assertEquals([response.status, errors[0].code], [400, "MANIFEST_BLOB_UNKNOWN"]);
    assertMatch(JSON.stringify(errors), new RegExp(MISSING));
    assertEquals((await request("/v2/a/manifests/v1")).status, 404);
    assertEquals((await request(`/v2/a/manifests/${manifest.digest}`)).status, 404);
  }
});

Deno.test("sparse references are taken as they are", async () => {
  const { request } = buildApp({ registry: { references: "sparse" } });
  const layer = { mediaType: "application/vnd.oci.image.layer.v1.tar", digest: MISSING, size: 1 };
  for (const manifest of [imageOf("m", { layers: [layer] }), indexOf([layer])]) {
    assertEquals((await putManifest(request, "a", "v1", manifest)).status, 201);
  }
});

Deno.test("parameters of a manifest's Content-Type are ignored, and never sent", async () => {
  const { request } = buildApp();
  await pushBlob(request, "a", EMPTY);
  const pushed = { ...imageOf("m"), mediaType: `${OCI_MANIFEST}; charset=utf-8; x="y"` };
  assertEquals((await putManifest(request, "a", "v1", pushed)).status, 201);
  const response = await request("/v2/a/manifests/v1");
  assertEquals(response.headers.get("Content-Type"), OCI_MANIFEST);
  assertEquals(await response.bytes(), pushed.bytes);
});

Deno.test("a manifest is served byte for byte, with its white space and the order of its keys", async () => {
  const { request } = buildApp({ registry: { references: "sparse" } });
  const text = `{ "layers" : [ ],\r\n\t"mediaType":"${OCI_MANIFEST}", "schemaVersion":2,\n "config":` +
    `{"size":2,"digest":"${digestOf(EMPTY)}","mediaType":"application/vnd.oci.empty.v1+json"} }\n\n`;
  const bytes = bytesOf(text);
  const manifest = { bytes, digest: digestOf(bytes, "sha512"), mediaType: OCI_MANIFEST, size: bytes.length };
  await pushManifest(request, "a", manifest);
  const response = await request(`/v2/a/manifests/${manifest.digest}`);
  assertEquals(await response.bytes(), bytes);
  assertEquals(response.headers.get("Docker-Content-Digest"), manifest.digest);
});

Deno.test("If-None-Match answers 304 for the manifest that the client has, until the tag moves", async () => {
  const { request } = buildApp();
  const first = await pushImage(request, "a", "v1");
  const headers = { "If-None-Match": `"${first.digest}"` };
  assertEquals((await request("/v2/a/manifests/v1", { headers })).status, 304);
  await pushManifest(request, "a", imageOf("second"), "v1");
  assertEquals((await request("/v2/a/manifests/v1", { headers })).status, 200);
});

Deno.test("If-None-Match: * lets a push create a tag and never move it", async () => {
  const { request } = buildApp();
  await pushBlob(request, "a", EMPTY);
  const [first, second] = [imageOf("first"), imageOf("second")];
  const headers = { "If-None-Match": "*" };
  assertEquals((await putManifest(request, "a", "v1", first, headers)).status, 201);
  assertEquals((await putManifest(request, "a", "v1", second, headers)).status, 412);
  const head = await request("/v2/a/manifests/v1", { method: "HEAD" });
  assertEquals(head.headers.get("Docker-Content-Digest"), first.digest);
});

Deno.test("If-Match moves a tag only from where it was seen", async () => {
  const { request } = buildApp();
  const first = await pushImage(request, "a", "v1", "first");
  const [second, third] = [imageOf("second"), imageOf("third")];
  const from = (...digests: string[]) => ({ "If-Match": digests.map((digest) => `"${digest}"`).join(", ") });
  const rows: [string, Record<string, string>, number][] = [
    ["v1", from(second.digest), 412],
    ["v1", { "If-Match": `W/"${first.digest}"` }, 412],
    ["v1", { "If-Match": '"not-a-digest"' }, 412],
    ["v2", { "If-Match": "*" }, 412],
    ["v1", { "If-Match": first.digest }, 400],
    ["v1", from(third.digest, first.digest), 201],
    ["v1", from(first.digest), 412],
    ["v1", { "If-Match": "*" }, 201],
  ];
  for (const [tag, headers, status] of rows) {
    const response = await putManifest(request, "a", tag, status === 201 ? second : third, headers);
    assertEquals(response.status, status, JSON.stringify(headers));
  }
  const head = await request("/v2/a/manifests/v1", { method: "HEAD" });
  assertEquals(head.headers.get("Docker-Content-Digest"), second.digest);
});

Deno.test("of many that create one tag at once a single one does", async () => {
  const { request } = buildApp();
  await pushBlob(request, "a", EMPTY);
  const headers = { "If-None-Match": "*" };
  const pushes = Array.from(
    { length: 12 },
    (_, i) => putManifest(request, "a", "v1", imageOf(`${i}`), headers),
  );
  const statuses = (await Promise.all(pushes)).map(({ status }) => status);
  assertEquals(statuses.filter((status) => status === 201).length, 1);
  assertEquals(statuses.filter((status) => status === 412).length, 11);
});

Deno.test("switched-off deletes answer 405 with Allow, each by itself, and delete nothing", async () => {
  for (const off of ["tags", "manifests", "blobs"]) {
    const { request } = buildApp({
      wrap: (registry) => withDeletes(registry, { tags: true, manifests: true, blobs: true, [off]: false }),
    });
    const { digest } = await pushImage(request, "a", "v1");
    const rows: [string, string][] = [
      ["tags", "/v2/a/manifests/v1"],
      ["manifests", `/v2/a/manifests/${digest}`],
      ["blobs", `/v2/a/blobs/${digestOf(EMPTY)}`],
    ];
    for (const [what, path] of rows) {
      const response = await request(path, { method: "DELETE" });
      assertEquals(response.status, what === off ? 405 : 202, `${what} with ${off} off`);
      if (what !== off) continue;
      assertEquals(response.headers.get("Allow"), "GET, HEAD");
      assertEquals(await failureIn(response), [405, "UNSUPPORTED"]);
      assertEquals((await request(path)).status, 200);
    }
  }
});

Deno.test("a read-only registry refuses every write with 405 and answers every read", async () => {
  const stores = testStores();
  const image = await pushImage(buildApp({ registry: stores }).request, "a", "v1");
  const { request } = buildApp({ registry: stores, wrap: readOnly });
  const writes: [string, string][] = [
    ["PUT", "/v2/a/manifests/v1"],
    ["PUT", `/v2/a/manifests/${image.digest}`],
    ["DELETE", "/v2/a/manifests/v1"],
    ["DELETE", `/v2/a/manifests/${image.digest}`],
    ["DELETE", `/v2/a/blobs/${MISSING}`],
    ["POST", "/v2/a/blobs/uploads/"],
    ["POST", `/v2/a/blobs/uploads/?digest=${MISSING}`],
    ["POST", `/v2/a/blobs/uploads/?mount=${MISSING}&from=b`],
    ["PATCH", "/v2/a/blobs/uploads/1"],
    ["PUT", `/v2/a/blobs/uploads/1?digest=${MISSING}`],
    ["DELETE", "/v2/a/blobs/uploads/1"],
  ];
  for (const [method, path] of writes) {
    const response = await request(path, { method });
    assertEquals(await failureIn(response), [405, "UNSUPPORTED"], `${method} ${path}`);
  }
  for (const path of ["/v2/", "/v2/a/manifests/v1", `/v2/a/blobs/${digestOf(EMPTY)}`, "/v2/a/tags/list"]) {
    assertEquals((await request(path)).status, 200, path);
  }
});

Deno.test("digests of unknown algorithms are taken in descriptors and not as the name of content", async () => {
  const { request } = buildApp({ registry: { references: "sparse" } });
  const digest = `blake3:${"a".repeat(64)}`;
  const layer = { mediaType: "application/vnd.oci.image.layer.v1.tar", digest, size: 1 };
  assertEquals((await putManifest(request, "a", "v1", imageOf("m", { layers: [layer] }))).status, 201);
  assertEquals(await failureIn(await putManifest(request, "a", digest, imageOf("m"))), [
    400,
    "DIGEST_INVALID",
  ]);
  for (const [path, code] of [["blobs", "BLOB_UNKNOWN"], ["manifests", "MANIFEST_UNKNOWN"]]) {
    assertEquals(await failureIn(await request(`/v2/a/${path}/${digest}`)), [404, code]);
  }
  const { manifests } = await (await request(`/v2/a/referrers/${digest}`)).json();
  assertEquals(manifests, []);
});
