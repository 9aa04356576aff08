// What real clients need when they pull: each rule with the client that breaks without it.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { RegistryError } from "../../oci/mod.ts";
import { buildApp, fakeApp } from "../harness/app.ts";
import { digestOf, imageOf, pushBlob, pushImage, pushManifest, type Send } from "../harness/content.ts";

const MISSING = `sha256:${"0".repeat(64)}`;

/** Bytes that differ from place to place, so that a range from elsewhere shows. */
function noise(size: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: size }, (_, index) => (index * 31 + (index >> 8)) & 255);
}

async function pushNoise(
  request: Send,
  size: number,
): Promise<{ path: string; bytes: Uint8Array<ArrayBuffer> }> {
  const bytes = noise(size);
  return { path: `/v2/a/blobs/${await pushBlob(request, "a", bytes)}`, bytes };
}

Deno.test("containerd and docker resolve a tag by HEAD from digest, type and length alone", async () => {
  const { request } = buildApp();
  const image = await pushImage(request, "a", "latest");
  const { status, headers } = await request("/v2/a/manifests/latest", { method: "HEAD" });
  assertEquals(status, 200);
  assertEquals(headers.get("Docker-Content-Digest"), image.digest);
  assertEquals(headers.get("Content-Type"), image.mediaType);
  assertEquals(headers.get("Content-Length"), `${image.size}`);
});

Deno.test("containerd gives up on any answer to HEAD but 200 and 404", async () => {
  const { request } = buildApp();
  const image = await pushImage(request, "a", "v1");
  const rows: [string, number][] = [
    ["/v2/a/manifests/v1", 200],
    [`/v2/a/manifests/${image.digest}`, 200],
    ["/v2/a/manifests/missing", 404],
    [`/v2/a/manifests/${MISSING}`, 404],
    [`/v2/a/blobs/${MISSING}`, 404],
    [`/v2/unknown/blobs/${MISSING}`, 404],
    ["/v2/unknown/manifests/v1", 404],
    [`/v2/a/manifests/sha999:${"0".repeat(64)}`, 404],
  ];
  for (const [path, status] of rows) {
    assertEquals((await request(path, { method: "HEAD" })).status, status, path);
  }
});

Deno.test("containerd looks for a manifest among the blobs after a 404, and finds none there", async () => {
  const { request } = buildApp();
  const image = await pushImage(request, "a", "v1");
  for (const method of ["HEAD", "GET"]) {
    assertEquals((await request(`/v2/a/blobs/${image.digest}`, { method })).status, 404);
  }
});

Deno.test("containerd reads a blob in open ranges at once, and drops the connections midway", async () => {
  const { request, entries } = buildApp();
  const { path, bytes } = await pushNoise(request, 3_000_000);
  const starts = [0, 1_000_000, 2_000_000];
  const parts = await Promise.all(starts.map(async (start) => {
    const response = await request(path, { headers: { Range: `bytes=${start}-` } });
    assertEquals(response.status, 206);
    assertEquals(response.headers.get("Content-Range"), `bytes ${start}-2999999/3000000`);
    const reader = response.body!.getReader();
    const { value } = await reader.read();
    await reader.cancel();
    return value!;
  }));
  for (const [index, part] of parts.entries()) {
    assertEquals(part.subarray(0, 1000), bytes.subarray(starts[index]!, starts[index]! + 1000));
  }
  assertEquals(entries.filter(({ error }) => error !== undefined), []);
});

Deno.test("containerd asks for referrers of several artifact types and wants any of them", async () => {
  const { request } = buildApp();
  const { mediaType, digest, size } = await pushImage(request, "a", "v1");
  for (const type of ["a", "b", "c"]) {
    const fields = { artifactType: `application/${type}`, subject: { mediaType, digest, size } };
    await pushManifest(request, "a", imageOf(type, fields));
  }
  const query = "artifactType=application%2Fa&artifactType=application%2Fc";
  const { manifests } = await (await request(`/v2/a/referrers/${digest}?${query}`)).json();
  const types = manifests.map(({ artifactType }: { artifactType: string }) => artifactType);
  assertEquals(types.sort(), ["application/a", "application/c"]);
});

Deno.test("docker goes on with a layer from where it broke off, and wants 206 with Content-Range", async () => {
  const { request } = buildApp();
  const { path, bytes } = await pushNoise(request, 5000);
  const response = await request(path, { headers: { Range: "bytes=1234-" } });
  assertEquals(response.status, 206);
  assertEquals(response.headers.get("Content-Range"), "bytes 1234-4999/5000");
  assertEquals(await response.bytes(), bytes.slice(1234));
});

Deno.test("docker's client library sends the digest it has without quotes, and wants 304", async () => {
  const { request } = buildApp();
  const image = await pushImage(request, "a", "v1");
  const headers = { "If-None-Match": image.digest };
  assertEquals((await request("/v2/a/manifests/v1", { headers })).status, 304);
});

Deno.test("podman, docker and containerd name types in Accept that never choose or refuse a manifest", async () => {
  const { request } = buildApp();
  const image = await pushImage(request, "a", "v1");
  const accepts = [
    "application/vnd.docker.distribution.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.v1+prettyjws",
    "application/vnd.oci.image.index.v1+json, */*",
    "text/html",
    "application/vnd.oci.image.manifest.v1+json;q=0",
    "",
  ];
  for (const accept of accepts) {
    for (const method of ["GET", "HEAD"]) {
      const response = await request("/v2/a/manifests/v1", { method, headers: { Accept: accept } });
      assertEquals(response.status, 200, accept);
      assertEquals(response.headers.get("Content-Type"), image.mediaType);
      assertEquals(response.headers.get("Docker-Content-Digest"), image.digest);
    }
  }
});

Deno.test("Go's clients ask for gzip and zstd, and count the received bytes", async () => {
  const { request } = buildApp();
  const image = await pushImage(request, "a", "v1");
  const { path } = await pushNoise(request, 10_000);
  for (const encoding of ["gzip", "zstd;q=1.0, gzip;q=0.8, deflate;q=0.5", "identity", "br"]) {
    for (const url of [path, "/v2/a/manifests/v1", `/v2/a/referrers/${image.digest}`]) {
      const response = await request(url, { headers: { "Accept-Encoding": encoding } });
      assertEquals(response.headers.get("Content-Encoding"), null);
      assertMatch(response.headers.get("Cache-Control") ?? "", /no-transform/);
      const size = (await response.bytes()).byteLength;
      assertEquals(response.headers.get("Content-Length"), `${size}`);
    }
  }
});

Deno.test("podman reads zstd:chunked layers by 1024 ranges in one request, and wants as many parts in order", async () => {
  const { request } = buildApp();
  const { path, bytes } = await pushNoise(request, 200_000);
  // Not sorted, some side by side: a server that sorts or merges them breaks the pull.
  const ranges = Array.from({ length: 1024 }, (_, i) => ((i * 37) % 1024) * 190).map((first) =>
    [first, first + 189] as const
  );
  const header = `bytes=${ranges.map(([first, last]) => `${first}-${last}`).join(",")}`;
  const response = await request(path, { headers: { Range: header } });
  assertEquals(response.status, 206);
  const type = response.headers.get("Content-Type") ?? "";
  const boundary = /^multipart\/byteranges; boundary=([^"; ]+)$/.exec(type)?.[1];
  const body = await response.bytes();
  assertEquals(response.headers.get("Content-Length"), `${body.byteLength}`);
  const text = new TextDecoder("latin1").decode(body);
  let position = 0;
  for (const [first, last] of ranges) {
    const delimiter = text.indexOf(`--${boundary}\r\n`, position);
    const content = text.indexOf("\r\n\r\n", delimiter) + 4;
    const head = text.slice(delimiter, content);
    assert(delimiter >= position && head.includes(`bytes ${first}-${last}/200000`), `part ${first}-${last}`);
    assertEquals(body.slice(content, content + 190), bytes.slice(first, last + 1));
    position = content + 190;
  }
  assertEquals(text.slice(position), `\r\n--${boundary}--\r\n`);
});

Deno.test("podman takes X-Registry-Supports-Signatures for a signature store, so nothing sends it", async () => {
  const { request } = buildApp();
  await pushImage(request, "a", "v1");
  for (const path of ["/v2/", "/v2/a/manifests/v1"]) {
    assertEquals((await request(path)).headers.get("X-Registry-Supports-Signatures"), null);
  }
});

Deno.test("podman waits as long as Retry-After of a 429 says", async () => {
  const busy = new RegistryError("TOOMANYREQUESTS", "Too many requests", { headers: { "Retry-After": "5" } });
  const { request } = fakeApp({ getBlob: () => Promise.reject(busy) });
  const response = await request(`/v2/a/blobs/${MISSING}`);
  assertEquals([response.status, response.headers.get("Retry-After")], [429, "5"]);
  await response.body?.cancel();
});

Deno.test("stargz learns a layer's size from HEAD or from its first two bytes", async () => {
  const { request } = buildApp();
  const { path, bytes } = await pushNoise(request, 5000);
  assertEquals((await request(path, { method: "HEAD" })).headers.get("Content-Length"), "5000");
  const first = await request(path, { headers: { Range: "bytes=0-1" } });
  assertEquals([first.status, first.headers.get("Content-Range")], [206, "bytes 0-1/5000"]);
  assertEquals(await first.bytes(), bytes.slice(0, 2));
});

Deno.test("stargz, nydus and SOCI read many small ranges at once", async () => {
  const { request } = buildApp();
  const { path, bytes } = await pushNoise(request, 300_000);
  await Promise.all(Array.from({ length: 60 }, async (_, i) => {
    const range = `bytes=${i * 5000}-${i * 5000 + 99},${i * 5000 + 200}-${i * 5000 + 299}`;
    const headers = { "Range": range, "Accept-Encoding": "identity" };
    const response = await request(path, { headers });
    assertEquals(response.status, 206);
    const text = new TextDecoder("latin1").decode(await response.bytes());
    const expected = new TextDecoder("latin1").decode(bytes.slice(i * 5000 + 200, i * 5000 + 300));
    assert(text.includes(`bytes ${i * 5000 + 200}-${i * 5000 + 299}/300000`) && text.includes(expected));
  }));
});

Deno.test("oras seeks in blobs that say Accept-Ranges, to GET and to HEAD", async () => {
  const { request } = buildApp();
  const { path } = await pushNoise(request, 10);
  for (const method of ["GET", "HEAD"]) {
    assertEquals((await request(path, { method })).headers.get("Accept-Ranges"), "bytes");
  }
});

Deno.test("oras and containerd compare the digest in the header with the one they asked for", async () => {
  const { request } = buildApp();
  const bytes = noise(100);
  for (const algorithm of ["sha256", "sha512"] as const) {
    const digest = digestOf(bytes, algorithm);
    await pushBlob(request, "a", bytes, digest);
    for (const method of ["GET", "HEAD"]) {
      const { headers } = await request(`/v2/a/blobs/${digest}`, { method });
      assertEquals(headers.get("Docker-Content-Digest"), digest);
    }
  }
});

Deno.test("crane, helm and oras list tags and repositories by a Link that names no host", async () => {
  const { request } = buildApp();
  const image = await pushImage(request, "a", "v1");
  await pushImage(request, "b", "v1");
  for (const tag of ["v2", "v3"]) await pushManifest(request, "a", image, tag);
  const headers = { Host: "evil.example" };
  const rows: [string, string][] = [
    ["/v2/a/tags/list?n=2", '</v2/a/tags/list?n=2&last=v2>; rel="next"'],
    ["/v2/_catalog?n=1", '</v2/_catalog?n=1&last=a>; rel="next"'],
  ];
  for (const [path, link] of rows) {
    assertEquals((await request(path, { headers })).headers.get("Link"), link);
  }
});
