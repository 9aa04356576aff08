// Attacks by what is asked for: other repositories' content, other clients' uploads, and work without bound.
import { assert, assertEquals } from "@std/assert";
import { withDeletes } from "../../registry/mod.ts";
import { buildApp, type TestAppOptions, testStores } from "../harness/app.ts";
import {
  bytesOf,
  digestOf,
  EMPTY,
  EMPTY_DESCRIPTOR,
  failureIn,
  imageOf,
  pushBlob,
  pushImage,
  pushManifest,
  putManifest,
  startUpload,
} from "../harness/content.ts";

const SECRET = bytesOf("a layer of a private image");
const DIGEST = digestOf(SECRET);

/** Content of an answer, without the parts that differ at every request. */
async function learned(response: Response): Promise<unknown> {
  const headers = Object.fromEntries(response.headers);
  for (const name of ["x-request-id", "location", "docker-upload-uuid"]) delete headers[name];
  return { status: response.status, headers, body: await response.text() };
}

Deno.test("CVE-2024-39897: a blob of other repositories only is as absent as one that does not exist", async () => {
  const { request } = buildApp();
  await pushBlob(request, "private", SECRET);
  const nobody = digestOf(bytesOf("nobody has this"));
  const probes: [string, (digest: string) => string, Record<string, string>][] = [
    ["HEAD", (digest) => `/v2/mine/blobs/${digest}`, {}],
    ["GET", (digest) => `/v2/mine/blobs/${digest}`, {}],
    ["GET", (digest) => `/v2/mine/blobs/${digest}`, { Range: "bytes=0-3" }],
    ["GET", (digest) => `/v2/mine/blobs/${digest}`, { "If-None-Match": "*" }],
    ["GET", (digest) => `/v2/mine/manifests/${digest}`, {}],
    ["DELETE", (digest) => `/v2/mine/blobs/${digest}`, {}],
    ["POST", (digest) => `/v2/mine/blobs/uploads/?mount=${digest}&from=other`, {}],
    ["GET", (digest) => `/v2/mine/referrers/${digest}`, {}],
  ];
  for (const [method, path, headers] of probes) {
    const [there, absent] = await Promise.all([DIGEST, nobody].map(async (digest) => {
      const text = JSON.stringify(await learned(await request(path(digest), { method, headers })));
      return text.replaceAll(digest, "DIGEST");
    }));
    assertEquals(there, absent, `${method} ${path("DIGEST")}`);
  }
});

Deno.test("CVE-2024-39897: uploading a blob that others have takes the bytes, all of them", async () => {
  const { request } = buildApp();
  await pushBlob(request, "private", SECRET);
  const location = await startUpload(request, "mine");
  const empty = await request(`${location}?digest=${DIGEST}`, { method: "PUT" });
  assertEquals(await failureIn(empty), [400, "DIGEST_INVALID"]);
  const single = await request(`/v2/mine/blobs/uploads/?digest=${DIGEST}`, { method: "POST" });
  assertEquals(await failureIn(single), [400, "DIGEST_INVALID"]);
  assertEquals((await request(`/v2/mine/blobs/${DIGEST}`)).status, 404);
});

Deno.test("CVE-2024-39897: a manifest that names another repository's blob does not make it readable", async () => {
  const { request } = buildApp();
  await pushBlob(request, "private", SECRET);
  await pushBlob(request, "mine", EMPTY);
  const layer = { mediaType: "application/vnd.oci.image.layer.v1.tar", digest: DIGEST, size: SECRET.length };
  const manifest = imageOf("thief", { layers: [layer] });
  assertEquals(await failureIn(await putManifest(request, "mine", "v1", manifest)), [
    400,
    "MANIFEST_BLOB_UNKNOWN",
  ]);
  const sparse = buildApp({ registry: { references: "sparse" } });
  await pushBlob(sparse.request, "private", SECRET);
  await pushManifest(sparse.request, "mine", manifest, "v1");
  assertEquals((await sparse.request(`/v2/mine/blobs/${DIGEST}`)).status, 404);
});

Deno.test("CVE-2026-41888: deletes that are switched off are off by tag and by digest", async () => {
  const { request } = buildApp({
    wrap: (registry) => withDeletes(registry, { tags: false, manifests: false, blobs: false }),
  });
  const image = await pushImage(request, "a", "v1");
  const paths = [
    "manifests/v1",
    `manifests/${image.digest}`,
    "manifests/missing",
    `blobs/${digestOf(EMPTY)}`,
  ];
  for (const path of paths) {
    const response = await request(`/v2/a/${path}`, { method: "DELETE" });
    assertEquals(await failureIn(response), [405, "UNSUPPORTED"], path);
  }
  assertEquals((await request("/v2/a/manifests/v1")).status, 200);
  assertEquals((await request(`/v2/a/blobs/${digestOf(EMPTY)}`)).status, 200);
});

Deno.test("an upload belongs to its repository: elsewhere its id is unknown, and does no harm", async () => {
  const { request } = buildApp();
  const location = await startUpload(request, "mine");
  await request(location, { method: "PATCH", body: SECRET });
  const elsewhere = location.replace("/mine/", "/yours/");
  for (const method of ["GET", "PATCH", "DELETE"]) {
    const response = await request(elsewhere, { method, ...(method === "PATCH" ? { body: EMPTY } : {}) });
    assertEquals(await failureIn(response), [404, "BLOB_UPLOAD_UNKNOWN"], method);
  }
  const commit = await request(`${elsewhere}?digest=${DIGEST}`, { method: "PUT" });
  assertEquals(await failureIn(commit), [404, "BLOB_UPLOAD_UNKNOWN"]);
  assertEquals((await request(location)).headers.get("Range"), `0-${SECRET.length - 1}`);
  assertEquals((await request(`${location}?digest=${DIGEST}`, { method: "PUT" })).status, 201);
});

Deno.test("an upload that was cancelled or committed takes no more bytes", async () => {
  const { request } = buildApp();
  const cancelled = await startUpload(request, "a");
  assertEquals((await request(cancelled, { method: "DELETE" })).status, 204);
  const committed = await startUpload(request, "a");
  await request(`${committed}?digest=${DIGEST}`, { method: "PUT", body: SECRET });
  for (const location of [cancelled, committed]) {
    const response = await request(location, { method: "PATCH", body: bytesOf("more") });
    assertEquals(await failureIn(response), [404, "BLOB_UPLOAD_UNKNOWN"]);
  }
  assertEquals(await (await request(`/v2/a/blobs/${DIGEST}`)).bytes(), SECRET);
});

Deno.test("an upload that stalls ends with 408, and its received bytes stay", async () => {
  const { request } = buildApp({ limits: { uploadIdleTimeout: 30 } });
  const location = await startUpload(request, "a");
  let sent = false;
  const body = new ReadableStream({
    pull(controller) {
      if (sent) return new Promise(() => {});
      sent = true;
      controller.enqueue(SECRET.slice(0, 6));
    },
  });
  const response = await request(location, { method: "PATCH", body });
  assertEquals(await failureIn(response), [408, "BLOB_UPLOAD_INVALID"]);
  assertEquals((await request(location)).headers.get("Range"), "0-5");
  const rest = { method: "PUT", body: SECRET.slice(6) };
  assertEquals((await request(`${location}?digest=${DIGEST}`, rest)).status, 201);
});

Deno.test("CVE-2017-11468: reading of an endless manifest stops at the limit, with any announced length", async () => {
  const { request } = buildApp({ limits: { maxManifestSize: 100_000 } });
  let pulled = 0;
  const endless = () =>
    new ReadableStream({
      pull(controller) {
        pulled += 10_000;
        controller.enqueue(new Uint8Array(10_000));
      },
    }, { highWaterMark: 0 });
  for (const headers of [{}, { "Content-Length": "5" }]) {
    pulled = 0;
    const response = await request("/v2/a/manifests/v1", { method: "PUT", body: endless(), headers });
    assertEquals(await failureIn(response), [413, "SIZE_INVALID"]);
    assert(pulled <= 110_000, `${pulled} bytes were taken`);
  }
});

Deno.test("CVE-2023-2253: a requested page of any size costs no more than the existing entries", async () => {
  const { request } = buildApp();
  await pushImage(request, "a", "v1");
  for (const n of ["9999999999", "9".repeat(300)]) {
    assertEquals((await (await request(`/v2/_catalog?n=${n}`)).json()).repositories, ["a"]);
    assertEquals((await (await request(`/v2/a/tags/list?n=${n}`)).json()).tags, ["v1"]);
  }
});

Deno.test("CVE-2011-3192: ranges that overlap make no more work than the blob itself", async () => {
  const { request } = buildApp();
  const bytes = new Uint8Array(100_000);
  const digest = await pushBlob(request, "a", bytes);
  const overlapping = Array.from({ length: 1000 }, (_, i) => `${i}-`).join(",");
  const response = await request(`/v2/a/blobs/${digest}`, { headers: { Range: `bytes=${overlapping}` } });
  assertEquals(response.status, 200);
  assertEquals((await response.bytes()).byteLength, bytes.length);
});

Deno.test("annotations copied into referrers come in pages below the limit of clients", async () => {
  const { request } = buildApp();
  await pushBlob(request, "a", EMPTY);
  const subject = { ...EMPTY_DESCRIPTOR, digest: `sha256:${"5".repeat(64)}` };
  for (let i = 0; i < 3; i++) {
    const annotations = { i: `${i}`, padding: "x".repeat(3_900_000) };
    await pushManifest(request, "a", imageOf("", { subject, annotations }));
  }
  const first = await request(`/v2/a/referrers/${subject.digest}`);
  assert(first.headers.get("Link") !== null);
  assert((await first.bytes()).byteLength < 4 * 1024 * 1024);
});

Deno.test("headers contain client text only if the grammar permits it, or encoded", async () => {
  const { request } = buildApp();
  await pushImage(request, "a", "v1");
  await pushImage(request, "b", "v1");
  const evil = encodeURIComponent('"\r\nSet-Cookie: a=b\r\n<>;');
  const image = imageOf("m");
  const { mediaType, digest, size } = image;
  await pushManifest(request, "a", image);
  for (let i = 0; i < 2; i++) {
    const padding = "x".repeat(2_500_000);
    const fields = { subject: { mediaType, digest, size }, annotations: { i: `${i}`, padding } };
    await pushManifest(request, "a", imageOf("", fields));
  }
  const paths: [string, string][] = [
    ["GET", `/v2/_catalog?n=1&last=${evil}`],
    ["GET", `/v2/a/tags/list?n=1&last=${evil}`],
    ["GET", `/v2/a/referrers/${digest}?last=${evil}`],
    ["GET", `/v2/a/referrers/${digest}?artifactType=${evil}`],
    ["POST", `/v2/a/blobs/uploads/?from=${evil}&mount=${digest}`],
    ["PUT", `/v2/a/manifests/${digest}?tag=${evil}`],
    ["GET", `/v2/${evil}/manifests/v1`],
  ];
  for (const [method, path] of paths) {
    const { status, headers } = await request(path, { method });
    assert(status < 500, `${status} ${path}`);
    assertEquals(headers.get("Set-Cookie"), null, path);
    const shown = JSON.stringify([...headers]);
    assert(!shown.includes("Set-Cookie"), shown);
  }
});

Deno.test("referrers attached at the same time are all there", async () => {
  const { request } = buildApp();
  const { mediaType, digest, size } = await pushImage(request, "a", "v1");
  const manifests = Array.from(
    { length: 20 },
    (_, i) => imageOf(`${i}`, { subject: { mediaType, digest, size } }),
  );
  await Promise.all(manifests.map((manifest) => pushManifest(request, "a", manifest)));
  const { manifests: listed } = await (await request(`/v2/a/referrers/${digest}`)).json();
  assertEquals(
    listed.map((descriptor: { digest: string }) => descriptor.digest).sort(),
    manifests.map((manifest) => manifest.digest).sort(),
  );
});

Deno.test("a blob deleted while a manifest comes is there, or the manifest is refused", async () => {
  for (let round = 0; round < 20; round++) {
    const { request } = buildApp();
    await pushBlob(request, "a", EMPTY);
    const [pushed, deleted] = await Promise.all([
      putManifest(request, "a", "v1", imageOf("m")),
      request(`/v2/a/blobs/${digestOf(EMPTY)}`, { method: "DELETE" }),
    ]);
    await pushed.body?.cancel();
    assertEquals(deleted.status, 202);
    assert([201, 400].includes(pushed.status), `${pushed.status}`);
    const tagged = await request("/v2/a/manifests/v1", { method: "HEAD" });
    assertEquals(tagged.status, pushed.status === 201 ? 200 : 404);
  }
});

Deno.test("the history of a tag names the user and time of each move; anonymous readers see no names", async () => {
  const as = (name: string): NonNullable<TestAppOptions["access"]> => ({
    admit: () => Promise.resolve({ name, may: () => true, sees: () => true }),
  });
  const stores = testStores();
  const { request } = buildApp({ registry: stores, access: as("user:alice") });
  const digests: string[] = [];
  for (const name of ["first", "second", "third"]) {
    digests.push((await pushImage(request, "a", "v1", name)).digest);
  }
  const { moves } = await (await request("/v2/a/_skerry/tags/history?tag=v1")).json();
  assertEquals(moves.map(({ digest }: { digest: string }) => digest), digests.reverse());
  for (const { by, at } of moves) {
    assertEquals(by, "user:alice");
    assert(!Number.isNaN(Date.parse(at)));
  }
  const anonymous = buildApp({ registry: stores, access: as("anonymous") });
  const shown = await (await anonymous.request("/v2/a/_skerry/tags/history?tag=v1")).text();
  assert(!shown.includes("alice"), shown);
});
