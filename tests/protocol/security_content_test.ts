// Attacks by what is pushed: documents that two readers understand differently, and digests that are none.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST } from "../../oci/mod.ts";
import { buildApp } from "../harness/app.ts";
import {
  bytesOf,
  digestOf,
  EMPTY,
  EMPTY_DESCRIPTOR,
  failureIn,
  imageOf,
  manifestOf,
  pushBlob,
  pushImage,
  putManifest,
  type Send,
  startUpload,
} from "../harness/content.ts";

const CONFIG = JSON.stringify(EMPTY_DESCRIPTOR);

/** An app with {@linkcode EMPTY} in its repository `a`. */
async function appWithEmpty(): Promise<Send> {
  const { request } = buildApp();
  await pushBlob(request, "a", EMPTY);
  return request;
}

/** Checks that a document is refused as a manifest, and that nothing of it is there afterwards. */
async function assertInvalid(
  request: Send,
  text: string | Uint8Array<ArrayBuffer>,
  mediaType: string = OCI_MANIFEST,
): Promise<void> {
  const bytes = typeof text === "string" ? bytesOf(text) : text;
  const response = await putManifest(request, "a", "v1", { bytes, mediaType });
  const shown = new TextDecoder().decode(bytes).slice(0, 200);
  assertEquals(response.status, 400, shown);
  const [, code] = await failureIn(response);
  assert(["MANIFEST_INVALID", "SIZE_INVALID", "DIGEST_INVALID"].includes(code), `${code} ${shown}`);
  assertEquals((await request("/v2/a/manifests/v1")).status, 404);
  assertEquals((await request(`/v2/a/manifests/${digestOf(bytes)}`)).status, 404);
}

Deno.test("CVE-2021-41190: a document is never an image to one reader and an index to another", async () => {
  const request = await appWithEmpty();
  const layers = `"config":${CONFIG},"layers":[${CONFIG}]`;
  const both = [
    `{"schemaVersion":2,"manifests":[],${layers}}`,
    `{"schemaVersion":2,"manifests":[],"layers":[]}`,
    `{"schemaVersion":2,"manifests":[],"config":${CONFIG}}`,
    `{"schemaVersion":2,"manifests":[],"fsLayers":[]}`,
    `{"schemaVersion":2,"mediaType":"${OCI_MANIFEST}","manifests":[],${layers}}`,
  ];
  for (const document of both) {
    for (const mediaType of [OCI_MANIFEST, OCI_INDEX]) await assertInvalid(request, document, mediaType);
  }
});

Deno.test("CVE-2021-41190: Content-Type and mediaType must agree", async () => {
  const request = await appWithEmpty();
  await assertInvalid(request, `{"schemaVersion":2,"mediaType":"${OCI_INDEX}","manifests":[]}`, OCI_MANIFEST);
  const image = imageOf("m");
  await assertInvalid(request, image.bytes, OCI_INDEX);
  await assertInvalid(request, image.bytes, DOCKER_MANIFEST);
  await assertInvalid(request, image.bytes, "text/html");
});

Deno.test("CVE-2021-41190: the type under a digest is that of its first push", async () => {
  const request = await appWithEmpty();
  const bytes = bytesOf(`{"schemaVersion":2,"config":${CONFIG},"layers":[]}`);
  assertEquals((await putManifest(request, "a", "v1", { bytes, mediaType: OCI_MANIFEST })).status, 201);
  for (const mediaType of [DOCKER_MANIFEST, OCI_INDEX]) {
    await (await putManifest(request, "a", "v2", { bytes, mediaType })).body?.cancel();
    for (const reference of ["v1", digestOf(bytes)]) {
      const response = await request(`/v2/a/manifests/${reference}`);
      assertEquals(response.headers.get("Content-Type"), OCI_MANIFEST);
    }
  }
});

Deno.test("keys that Go reads and JavaScript does not are refused: doubles and other cases", async () => {
  const request = await appWithEmpty();
  const other = `{"mediaType":"a/b","digest":"sha256:${"1".repeat(64)}","size":1}`;
  const bodies = [
    `"config":${CONFIG},"layers":[],"layers":[${other}]`,
    `"config":${CONFIG},"config":${other},"layers":[]`,
    `"config":${CONFIG},"layers":[],"Layers":[${other}]`,
    `"config":${CONFIG},"layers":[],"SUBJECT":${other}`,
    `"config":${CONFIG},"layers":[],"ſubject":${other}`,
    `"config":${CONFIG},"layers":[],"MediaType":"${OCI_INDEX}"`,
    `"config":${CONFIG},"layers":[],"la\\u0079ers":[${other}]`,
    `"config":{"mediaType":"a/b","digest":"${EMPTY_DESCRIPTOR.digest}","size":2,"size":3},"layers":[]`,
    `"config":{"mediaType":"a/b","digest":"${EMPTY_DESCRIPTOR.digest}","Digest":"x","size":2},"layers":[]`,
  ];
  for (const body of bodies) {
    await assertInvalid(request, `{"schemaVersion":2,"mediaType":"${OCI_MANIFEST}",${body}}`);
  }
});

Deno.test("documents that are no JSON object in UTF-8 are refused", async () => {
  const request = await appWithEmpty();
  const image = `{"schemaVersion":2,"config":${CONFIG},"layers":[]}`;
  const documents = [
    "",
    "null",
    "[]",
    '"text"',
    "7",
    `\uFEFF${image}`,
    `${image}x`,
    `${image}${image}`,
    image.slice(0, -1),
    `/* */${image}`,
    image.replace("[]", "[,]"),
    image.replace('"schemaVersion"', "schemaVersion"),
    image.replace("2", "NaN"),
  ];
  for (const document of documents) await assertInvalid(request, document);
  const invalid = bytesOf(image.replace("sha", "s_a"));
  invalid[invalid.indexOf(0x5f)] = 0xff;
  await assertInvalid(request, invalid);
});

Deno.test("nesting without end is refused before it is understood", async () => {
  const request = await appWithEmpty();
  const deep = 100_000;
  const nested = `${"[".repeat(deep)}${"]".repeat(deep)}`;
  await assertInvalid(request, `{"schemaVersion":2,"config":${CONFIG},"layers":[],"x":${nested}}`);
  await assertInvalid(request, `${'{"a":'.repeat(deep)}1${"}".repeat(deep)}`);
});

Deno.test("sizes that are no natural number that JavaScript counts exactly are refused", async () => {
  const request = await appWithEmpty();
  for (const size of ["-1", "1.5", "1e3", '"2"', "9223372036854775807", "9007199254740993", "null", "-0.0"]) {
    const config = CONFIG.replace('"size":2', `"size":${size}`);
    await assertInvalid(request, `{"schemaVersion":2,"config":${config},"layers":[]}`);
  }
});

Deno.test("malformed digests in descriptors are refused at any place", async () => {
  const request = await appWithEmpty();
  const digests = ["", "sha256", "sha256:../../etc/passwd", `sha256:${"A".repeat(64)}`, "sha256:abc\r\nX: y"];
  for (const digest of digests) {
    const descriptor = { mediaType: "a/b", digest, size: 1 };
    const documents = [
      manifestOf({ config: descriptor, layers: [] }),
      manifestOf({ config: EMPTY_DESCRIPTOR, layers: [descriptor] }),
      manifestOf({ config: EMPTY_DESCRIPTOR, layers: [], subject: descriptor }),
    ];
    for (const { bytes } of documents) await assertInvalid(request, bytes);
    await assertInvalid(request, manifestOf({ manifests: [descriptor] }, OCI_INDEX).bytes, OCI_INDEX);
  }
});

Deno.test("content has the digest of the stored bytes, not of the announced ones", async () => {
  const { request } = buildApp();
  const evil = bytesOf("evil");
  const announced = digestOf(bytesOf("good"));
  const attempts: [string, string, string][] = [
    ["POST", `/v2/a/blobs/uploads/?digest=${announced}`, "DIGEST_INVALID"],
    ["PUT", `${await startUpload(request, "a")}?digest=${announced}`, "DIGEST_INVALID"],
  ];
  for (const [method, path, code] of attempts) {
    assertEquals(await failureIn(await request(path, { method, body: evil })), [400, code], method);
    assertEquals((await request(`/v2/a/blobs/${announced}`)).status, 404);
    assertEquals((await request(`/v2/a/blobs/${digestOf(evil)}`)).status, 404);
  }
});

Deno.test("digests in disguise are refused at every endpoint that takes one", async () => {
  const { request } = buildApp();
  const hex = digestOf(EMPTY).slice(7);
  const disguises = [
    `sha256:${hex.toUpperCase()}`,
    `SHA256:${hex}`,
    `sha256:${hex.slice(2)}`,
    `sha256:${hex}00`,
    `sha512:${hex}`,
    `sha256%3A${hex}`,
    `sha256:%2e%2e%2f${hex}`,
    "sha256:..",
  ];
  await pushBlob(request, "a", EMPTY);
  for (const digest of disguises) {
    const query = digest.replaceAll("%", "%25");
    const upload = await startUpload(request, "a");
    const requests: [string, string][] = [
      ["GET", `/v2/a/blobs/${digest}`],
      ["DELETE", `/v2/a/blobs/${digest}`],
      ["PUT", `${upload}?digest=${query}`],
      ["POST", `/v2/a/blobs/uploads/?digest=${query}`],
      ["POST", `/v2/a/blobs/uploads/?mount=${query}&from=a`],
      ["GET", `/v2/a/referrers/${digest}`],
    ];
    for (const [method, path] of requests) {
      const response = await request(path, { method, ...(method === "GET" ? {} : { body: EMPTY }) });
      assertEquals(await failureIn(response), [400, "DIGEST_INVALID"], `${method} ${path}`);
    }
  }
  const twice = `digest=${digestOf(EMPTY)}&digest=${digestOf(bytesOf("x"))}`;
  const upload = await startUpload(request, "a");
  assertEquals((await request(`${upload}?${twice}`, { method: "PUT", body: EMPTY })).status, 400);
});

Deno.test("a browser runs no pushed content", async () => {
  const { request } = buildApp();
  const page = bytesOf("<script>alert(1)</script>");
  const digest = await pushBlob(request, "a", page);
  await pushImage(request, "a", "v1", "<script>alert(1)</script>");
  for (const path of [`/v2/a/blobs/${digest}`, "/v2/a/manifests/v1"]) {
    for (const headers of [{}, { Range: "bytes=0-3" }]) {
      const response = await request(path, { headers });
      assertEquals(response.headers.get("X-Content-Type-Options"), "nosniff");
      assertMatch(response.headers.get("Content-Security-Policy") ?? "", /sandbox/);
      assertMatch(response.headers.get("Content-Type") ?? "", /^application\/(octet-stream|vnd\.oci)/);
      await response.body?.cancel();
    }
  }
  const blob = await request(`/v2/a/blobs/${digest}`);
  assertEquals(blob.headers.get("Content-Disposition"), "attachment");
  const error = await request("/v2/<script>alert(1)</script>/manifests/v1");
  assertEquals(error.headers.get("Content-Type"), "application/json");
  assertEquals(error.headers.get("X-Content-Type-Options"), "nosniff");
});
