// What real clients need when they push: each rule with the client that breaks without it.
import { assertEquals, assertMatch, assertNotMatch } from "@std/assert";
import { DOCKER_MANIFEST, DOCKER_MANIFEST_LIST, OCI_INDEX } from "../../oci/mod.ts";
import { buildApp } from "../harness/app.ts";
import {
  bytesOf,
  digestOf,
  EMPTY,
  EMPTY_DESCRIPTOR,
  failureIn,
  imageOf,
  indexOf,
  manifestOf,
  pushBlob,
  pushImage,
  pushManifest,
  putManifest,
  type Send,
  startUpload,
} from "../harness/content.ts";

const LAYER = bytesOf("a layer of an image");
const DIGEST = digestOf(LAYER);

/** A body without a length, as chunked transfer coding brings it. */
function chunked(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array> {
  return new Blob([bytes]).stream();
}

function head(request: Send, path: string): Promise<Response> {
  return request(path, { method: "HEAD" });
}

Deno.test("every client pings /v2/ and takes 200 with the version header for a registry", async () => {
  const { request } = buildApp();
  for (const path of ["/v2/", "/v2"]) {
    const response = await request(path);
    assertEquals(response.status, 200);
    assertEquals(response.headers.get("Docker-Distribution-API-Version"), "registry/2.0");
  }
});

Deno.test("docker pushes a layer: HEAD, mount, cancel, chunked PATCH, PUT, HEAD, manifest by tag", async () => {
  const { request } = buildApp();
  assertEquals((await head(request, `/v2/app/blobs/${DIGEST}`)).status, 404);
  const tried = await startUpload(request, "app", `?from=other&mount=${DIGEST}`);
  assertEquals((await request(tried, { method: "DELETE" })).status, 204);
  const location = await startUpload(request, "app");
  const patch = await request(location, { method: "PATCH", body: chunked(LAYER) });
  assertEquals([patch.status, patch.headers.get("Range")], [202, `0-${LAYER.length - 1}`]);
  const next = patch.headers.get("Location") ?? "";
  const put = await request(`${next}?digest=${encodeURIComponent(DIGEST)}`, { method: "PUT" });
  assertEquals([put.status, put.headers.get("Docker-Content-Digest")], [201, DIGEST]);
  const stat = await head(request, `/v2/app/blobs/${DIGEST}`);
  assertEquals([stat.status, stat.headers.get("Content-Length")], [200, `${LAYER.length}`]);
  await pushBlob(request, "app", EMPTY);
  const manifest = manifestOf({ config: EMPTY_DESCRIPTOR, layers: [] }, DOCKER_MANIFEST);
  const pushed = await putManifest(request, "app", "latest", manifest);
  assertEquals([pushed.status, pushed.headers.get("Docker-Content-Digest")], [201, manifest.digest]);
});

Deno.test("docker's Sscanf reads Range 0-0 of an empty upload, never 0--1", async () => {
  const { request } = buildApp();
  const post = await request("/v2/a/blobs/uploads/", { method: "POST" });
  const location = post.headers.get("Location") ?? "";
  const answers = [
    post,
    await request(location),
    await request(location, { method: "PATCH", body: chunked(new Uint8Array()) }),
    await request(location, { method: "PATCH" }),
  ];
  for (const { headers } of answers) assertEquals(headers.get("Range"), "0-0");
});

Deno.test("docker takes the upload's id from Docker-Upload-UUID or the end of Location", async () => {
  const { request } = buildApp();
  const post = await request("/v2/a/blobs/uploads/", { method: "POST" });
  const location = post.headers.get("Location") ?? "";
  assertEquals(location.split("/").at(-1), post.headers.get("Docker-Upload-UUID"));
});

Deno.test("containerd sends an upload's path back decoded and its query sorted", async () => {
  const { request } = buildApp();
  const post = await request("/v2/a/blobs/uploads/?ns=docker.io", { method: "POST" });
  const location = post.headers.get("Location") ?? "";
  assertMatch(location, /^\/v2\/a\/blobs\/uploads\/[A-Za-z0-9-]+$/);
  assertEquals(decodeURIComponent(location), location);
  const path = `${location}?digest=${encodeURIComponent(DIGEST)}&ns=docker.io`;
  const put = await request(path, {
    method: "PUT",
    body: LAYER,
    headers: { "Content-Length": `${LAYER.length}` },
  });
  assertEquals(put.status, 201);
});

Deno.test("oras, crane and regctl follow locations without a host, with any Host header", async () => {
  const { request } = buildApp();
  const headers = {
    "Host": "evil.example",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "https",
  };
  const post = await request("/v2/a/blobs/uploads/", { method: "POST", headers });
  const location = post.headers.get("Location") ?? "";
  const answers = [
    post,
    await request(location, { method: "PATCH", body: chunked(EMPTY), headers }),
    await request(`${location}?digest=${digestOf(EMPTY)}`, { method: "PUT", headers }),
    await request("/v2/a/manifests/v1", { method: "PUT", body: imageOf("m").bytes, headers }),
  ];
  for (const answer of answers) {
    assertMatch(answer.headers.get("Location") ?? "", /^\/v2\/a\//);
    assertNotMatch(JSON.stringify([...answer.headers]), /evil/);
  }
});

Deno.test("podman appends by PATCH with a length and no Content-Range, and closes with an empty PUT", async () => {
  const { request } = buildApp();
  const mount = await startUpload(request, "a", `?from=b&mount=${DIGEST}`);
  assertEquals((await request(mount, { method: "DELETE" })).status, 204);
  const location = await startUpload(request, "a");
  const headers = { "Content-Type": "application/octet-stream", "Content-Length": `${LAYER.length}` };
  const patch = await request(location, { method: "PATCH", body: LAYER, headers });
  assertEquals(patch.status, 202);
  const put = await request(`${patch.headers.get("Location")}?digest=${DIGEST}`, {
    method: "PUT",
    body: new Uint8Array(),
    headers: { "Content-Type": "application/octet-stream", "Content-Length": "0" },
  });
  assertEquals(put.status, 201);
});

Deno.test("podman mounts after it has seen the blob in the other repository", async () => {
  const { request } = buildApp();
  await pushBlob(request, "source", LAYER);
  assertEquals((await head(request, `/v2/source/blobs/${DIGEST}`)).status, 200);
  const path = `/v2/target/blobs/uploads/?from=source&mount=${encodeURIComponent(DIGEST)}`;
  assertEquals((await request(path, { method: "POST" })).status, 201);
  assertEquals((await head(request, `/v2/target/blobs/${DIGEST}`)).status, 200);
});

Deno.test("crane posts an empty JSON body with mount, from and origin, and patches without a type", async () => {
  const { request } = buildApp();
  const path = `/v2/a/blobs/uploads/?from=b&mount=${encodeURIComponent(DIGEST)}&origin=registry.example`;
  const headers = { "Content-Type": "application/json", "Content-Length": "0" };
  const post = await request(path, { method: "POST", body: new Uint8Array(), headers });
  assertEquals(post.status, 202);
  const patch = await request(post.headers.get("Location")!, { method: "PATCH", body: chunked(LAYER) });
  assertEquals(patch.status, 202);
  const put = await request(`${patch.headers.get("Location")}?digest=${DIGEST}`, { method: "PUT" });
  assertEquals(put.status, 201);
});

Deno.test("crane asks for referrers after a push with a subject, and writes no fallback tag for a 200", async () => {
  const { request } = buildApp();
  const { mediaType, digest, size } = await pushImage(request, "a", "v1");
  await pushManifest(request, "a", imageOf("attached", { subject: { mediaType, digest, size } }));
  const response = await request(`/v2/a/referrers/${digest}`);
  assertEquals([response.status, response.headers.get("Content-Type")], [200, OCI_INDEX]);
});

Deno.test("oras mounts with digest and name unescaped, and learns of the subject from the answer", async () => {
  const { request } = buildApp();
  await pushBlob(request, "team/source", EMPTY);
  const path = `/v2/a/blobs/uploads/?mount=${digestOf(EMPTY)}&from=team/source`;
  assertEquals((await request(path, { method: "POST" })).status, 201);
  const subject = { ...EMPTY_DESCRIPTOR, digest: `sha256:${"1".repeat(64)}` };
  const response = await putManifest(request, "a", "v1", imageOf("m", { subject }));
  assertEquals(response.headers.get("OCI-Subject"), subject.digest);
});

Deno.test("oras pings referrers with a digest of zeros and takes 404 for a registry without them", async () => {
  const { request } = buildApp();
  const response = await request(`/v2/never/pushed/referrers/sha256:${"0".repeat(64)}`);
  assertEquals([response.status, response.headers.get("Content-Type")], [200, OCI_INDEX]);
});

Deno.test("regctl mounts without a source first, and uploads where that finds nothing", async () => {
  const { request } = buildApp();
  await startUpload(request, "a", `?mount=${encodeURIComponent(DIGEST)}`);
  await pushBlob(request, "b", LAYER);
  const post = await request(`/v2/a/blobs/uploads/?mount=${encodeURIComponent(DIGEST)}`, { method: "POST" });
  assertEquals(post.status, 201);
});

/** A body of which no more than the first seven bytes of {@linkcode LAYER} come. */
function brokenBody(): ReadableStream<Uint8Array> {
  let sent = false;
  return new ReadableStream({
    pull(controller) {
      if (sent) return controller.error(new Error("Connection reset"));
      sent = true;
      controller.enqueue(LAYER.slice(0, 7));
    },
  });
}

function patchFrom(request: Send, location: string, first: number, last: number): Promise<Response> {
  const headers = { "Content-Range": `${first}-${last}`, "Content-Length": `${last - first + 1}` };
  return request(location, { method: "PATCH", body: LAYER.slice(first, last + 1), headers });
}

Deno.test("regctl repeats a broken PUT, whole or in chunks, in the same upload from its first byte", async () => {
  for (const chunks of [false, true]) {
    const { request } = buildApp();
    const location = await startUpload(request, "a");
    const put = (body?: BodyInit) =>
      request(`${location}?digest=${DIGEST}`, { method: "PUT", body: body ?? null });
    assertEquals((await put(brokenBody())).status, 400);
    if (chunks) {
      assertEquals((await patchFrom(request, location, 0, 4)).headers.get("Range"), "0-4");
      assertEquals((await patchFrom(request, location, 5, LAYER.length - 1)).status, 202);
    }
    assertEquals((await put(chunks ? undefined : LAYER)).status, 201);
    assertEquals(await (await request(`/v2/a/blobs/${DIGEST}`)).bytes(), LAYER);
  }
});

Deno.test("regctl finds its place after a broken chunk by the Location and Range of a 416", async () => {
  const { request } = buildApp();
  const location = await startUpload(request, "a");
  assertEquals((await request(location, { method: "PATCH", body: brokenBody() })).status, 400);
  const again = await patchFrom(request, location, 0, 4);
  const { status, headers } = again;
  assertEquals([status, headers.get("Location"), headers.get("Range")], [416, location, "0-6"]);
  assertEquals((await patchFrom(request, location, 7, LAYER.length - 1)).status, 202);
  assertEquals((await request(`${location}?digest=${DIGEST}`, { method: "PUT" })).status, 201);
  assertEquals(await (await request(`/v2/a/blobs/${DIGEST}`)).bytes(), LAYER);
});

Deno.test("regctl pushes an image by sha512 in chunks that say so beforehand", async () => {
  const { request } = buildApp();
  const digest = digestOf(LAYER, "sha512");
  const location = await startUpload(request, "a", "?digest-algorithm=sha512");
  await request(location, {
    method: "PATCH",
    body: LAYER,
    headers: { "Content-Range": `0-${LAYER.length - 1}` },
  });
  assertEquals((await request(`${location}?digest=${digest}`, { method: "PUT" })).status, 201);
  const layer = { mediaType: "application/vnd.oci.image.layer.v1.tar", digest, size: LAYER.length };
  const manifest = manifestOf({ config: layer, layers: [layer] });
  const reference = digestOf(manifest.bytes, "sha512");
  const pushed = await putManifest(request, "a", `${reference}?tag=v1`, manifest);
  assertEquals([pushed.status, pushed.headers.get("Docker-Content-Digest")], [201, reference]);
  const tagged = await head(request, "/v2/a/manifests/v1");
  assertEquals(tagged.headers.get("Docker-Content-Digest"), reference);
});

Deno.test("docker, podman and containerd push Docker's and OCI's manifests, served as they were pushed", async () => {
  const { request } = buildApp();
  await pushBlob(request, "a", EMPTY);
  const docker = manifestOf({ config: EMPTY_DESCRIPTOR, layers: [] }, DOCKER_MANIFEST);
  const oci = imageOf("m");
  const manifests = [docker, oci, indexOf([docker], {}, DOCKER_MANIFEST_LIST), indexOf([oci])];
  for (const [index, manifest] of manifests.entries()) {
    await pushManifest(request, "a", manifest, `v${index}`);
    const response = await request(`/v2/a/manifests/v${index}`);
    assertEquals(response.headers.get("Content-Type"), manifest.mediaType);
    assertEquals(await response.bytes(), manifest.bytes);
  }
});

Deno.test("docker's schema 1 is refused by MANIFEST_INVALID, and in words that podman does not retry on", async () => {
  const { request } = buildApp();
  for (const suffix of ["json", "prettyjws"]) {
    const mediaType = `application/vnd.docker.distribution.manifest.v1+${suffix}`;
    const bytes = bytesOf('{"schemaVersion":1,"name":"a","tag":"v1","fsLayers":[],"history":[]}');
    const response = await putManifest(request, "a", "v1", { bytes, mediaType });
    const text = await response.clone().text();
    assertEquals(await failureIn(response), [400, "MANIFEST_INVALID"]);
    assertNotMatch(text, /tag.?invalid/i);
  }
});

Deno.test("BuildKit's cache is an index whose children are blobs, in OCI's form and Docker's", async () => {
  const { request } = buildApp();
  const layer = {
    mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
    digest: DIGEST,
    size: LAYER.length,
  };
  const config = { ...EMPTY_DESCRIPTOR, mediaType: "application/vnd.buildkit.cacheconfig.v0" };
  for (const mediaType of [OCI_INDEX, DOCKER_MANIFEST_LIST] as const) {
    const cache = indexOf([layer, config], {}, mediaType);
    const missing = await putManifest(request, `cache${mediaType.length}`, "c", cache);
    assertEquals(await failureIn(missing), [400, "MANIFEST_BLOB_UNKNOWN"]);
    await pushBlob(request, `cache${mediaType.length}`, LAYER);
    await pushBlob(request, `cache${mediaType.length}`, EMPTY);
    await pushManifest(request, `cache${mediaType.length}`, cache, "c");
  }
});

Deno.test("buildx attestations are index children of an unknown platform", async () => {
  const { request } = buildApp();
  const image = await pushImage(request, "a", "v1");
  const platform = { architecture: "unknown", os: "unknown" };
  const { mediaType, digest, size } = image;
  const index = manifestOf({ manifests: [{ mediaType, digest, size, platform }] }, OCI_INDEX);
  await pushManifest(request, "a", index, "index");
});

Deno.test("cosign keeps signatures under tags made of digests: absent, set, replaced and deleted", async () => {
  const { request } = buildApp();
  const image = await pushImage(request, "a", "v1");
  for (const suffix of ["sig", "att", "sbom"]) {
    const tag = `${image.digest.replace(":", "-")}.${suffix}`;
    assertEquals((await head(request, `/v2/a/manifests/${tag}`)).status, 404);
    await pushManifest(request, "a", imageOf("one"), tag);
    const two = await pushManifest(request, "a", imageOf("two"), tag);
    assertEquals((await request(`/v2/a/manifests/${tag}`)).headers.get("Docker-Content-Digest"), two.digest);
    assertEquals((await request(`/v2/a/manifests/${tag}`, { method: "DELETE" })).status, 202);
    assertEquals((await head(request, `/v2/a/manifests/${tag}`)).status, 404);
  }
});

Deno.test("helm pushes a chart: its own configuration type and a tag with an underscore for a plus", async () => {
  const { request } = buildApp();
  await pushBlob(request, "charts/app", EMPTY);
  const config = { ...EMPTY_DESCRIPTOR, mediaType: "application/vnd.cncf.helm.config.v1+json" };
  const layer = { ...EMPTY_DESCRIPTOR, mediaType: "application/vnd.cncf.helm.chart.content.v1.tar+gzip" };
  const chart = manifestOf({ config, layers: [layer] });
  await pushManifest(request, "charts/app", chart, "1.2.3_build.4");
  const { tags } = await (await request("/v2/charts/app/tags/list")).json();
  assertEquals(tags, ["1.2.3_build.4"]);
});
