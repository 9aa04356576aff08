import { assertEquals } from "@std/assert";
import { parseDigest, type Reference, type Tag } from "../oci/mod.ts";
import type { ManifestPush } from "../registry/interface.ts";
import { fakeApp } from "../tests/harness/app.ts";

const DIGEST = parseDigest(`sha256:${"a".repeat(64)}`);
const SUBJECT = `blake3:${"b".repeat(64)}`;
const MANIFEST = {
  digest: DIGEST,
  mediaType: "application/vnd.oci.image.manifest.v1+json",
  bytes: new TextEncoder().encode('{"schemaVersion": 2}\n'),
};

function appWithManifest() {
  const asked: Reference[] = [];
  const { request } = fakeApp({
    getManifest: (_repository, reference) => {
      asked.push(reference);
      return Promise.resolve(MANIFEST);
    },
  });
  return { request, asked };
}

function appTaking(receipt: { subject?: string; tags: string[] } = { tags: [] }, maxManifestSize = 1000) {
  const pushes: ManifestPush[] = [];
  const { request } = fakeApp({
    putManifest: (_repository, _principal, push) => {
      pushes.push(push);
      return Promise.resolve({ digest: DIGEST, ...receipt, tags: receipt.tags as Tag[] });
    },
  }, { limits: { maxManifestSize } });
  return { request, pushes };
}

Deno.test("getManifest() answers the pushed bytes, with their type, length and digest", async () => {
  const { request, asked } = appWithManifest();
  const response = await request("/v2/a/manifests/v1");
  assertEquals(response.status, 200);
  assertEquals(await response.bytes(), MANIFEST.bytes);
  assertEquals(Object.fromEntries(response.headers), {
    "cache-control": "private, no-store, no-transform",
    "content-length": "21",
    "content-security-policy": "default-src 'none'; sandbox",
    "content-type": "application/vnd.oci.image.manifest.v1+json",
    "docker-content-digest": DIGEST,
    "etag": `"${DIGEST}"`,
    "x-content-type-options": "nosniff",
    "x-request-id": response.headers.get("X-Request-Id") ?? "",
  });
  assertEquals(asked, [{ tag: "v1" as Tag }]);
});

Deno.test("getManifest() answers HEAD with the same headers and no body", async () => {
  const { request } = appWithManifest();
  const get = await request(`/v2/a/manifests/${DIGEST}`);
  const head = await request(`/v2/a/manifests/${DIGEST}`, { method: "HEAD" });
  for (const response of [get, head]) response.headers.delete("X-Request-Id");
  assertEquals([...head.headers], [...get.headers]);
  assertEquals(await head.text(), "");
  await get.body?.cancel();
});

Deno.test("getManifest() answers 304 to a client that has the manifest, also by tag and for HEAD", async () => {
  const { request } = appWithManifest();
  for (const method of ["GET", "HEAD"]) {
    for (const reference of ["v1", DIGEST]) {
      const headers = { "If-None-Match": `"${DIGEST}"` };
      const response = await request(`/v2/a/manifests/${reference}`, { method, headers });
      assertEquals(response.status, 304);
      assertEquals(response.headers.get("ETag"), `"${DIGEST}"`);
      assertEquals(response.headers.get("Docker-Content-Digest"), DIGEST);
      assertEquals(await response.text(), "");
    }
  }
});

Deno.test("getManifest() answers 412 if the tag does not match the condition of the request any more", async () => {
  const { request } = appWithManifest();
  const headers = { "If-Match": `"sha256:${"c".repeat(64)}"` };
  const response = await request("/v2/a/manifests/v1", { headers });
  assertEquals(response.status, 412);
  await response.body?.cancel();
});

Deno.test("putManifest() hands the push to the registry as it came", async () => {
  const { request, pushes } = appTaking();
  const response = await request(`/v2/team/app/manifests/${DIGEST}?tag=v1&tag=v2`, {
    method: "PUT",
    body: MANIFEST.bytes,
    headers: { "Content-Type": `${MANIFEST.mediaType}; charset=utf-8`, "If-None-Match": "*" },
  });
  assertEquals(response.status, 201);
  assertEquals(pushes, [{
    bytes: MANIFEST.bytes,
    contentType: MANIFEST.mediaType,
    reference: { digest: DIGEST },
    tags: ["v1", "v2"] as Tag[],
    condition: { ifNoneMatch: "*" },
  }]);
});

Deno.test("putManifest() answers the location and the result", async () => {
  const { request } = appTaking({ subject: SUBJECT, tags: ["v1", "v2"] });
  const byDigest = await request(`/v2/team/app/manifests/${DIGEST}?tag=v1&tag=v2`, {
    method: "PUT",
    body: "x",
  });
  assertEquals(byDigest.headers.get("Location"), `/v2/team/app/manifests/${DIGEST}`);
  assertEquals(byDigest.headers.get("Docker-Content-Digest"), DIGEST);
  assertEquals(byDigest.headers.get("OCI-Subject"), SUBJECT);
  assertEquals(byDigest.headers.get("OCI-Tag"), "v1, v2");
  const byTag = await request("/v2/team/app/manifests/v1", { method: "PUT", body: "x" });
  assertEquals(byTag.headers.get("Location"), "/v2/team/app/manifests/v1");
  assertEquals(byTag.headers.get("OCI-Tag"), null);
});

Deno.test("putManifest() says nothing of a subject when there is none", async () => {
  const { request } = appTaking();
  const response = await request("/v2/a/manifests/v1", { method: "PUT", body: "x" });
  assertEquals(response.headers.get("OCI-Subject"), null);
});

Deno.test("putManifest() pushes nothing when the body is over the limit", async () => {
  const { request, pushes } = appTaking(undefined, 10);
  const status = async (size: number) => {
    const response = await request("/v2/a/manifests/v1", { method: "PUT", body: new Uint8Array(size) });
    await response.body?.cancel();
    return response.status;
  };
  assertEquals([await status(10), await status(11)], [201, 413]);
  assertEquals(pushes.length, 1);
});

Deno.test("putManifest() pushes nothing when a condition is malformed", async () => {
  const { request, pushes } = appTaking();
  const headers = { "If-Match": DIGEST };
  const response = await request("/v2/a/manifests/v1", { method: "PUT", body: "x", headers });
  assertEquals(response.status, 400);
  assertEquals(pushes, []);
  await response.body?.cancel();
});

Deno.test("deleteManifest() deletes a tag by tag and a manifest by digest", async () => {
  const deleted: string[] = [];
  const { request } = fakeApp({
    deleteTag: (repository, tag) => {
      deleted.push(`tag ${repository} ${tag}`);
      return Promise.resolve();
    },
    deleteManifest: (repository, digest) => {
      deleted.push(`manifest ${repository} ${digest}`);
      return Promise.resolve();
    },
  });
  for (const reference of ["v1", DIGEST]) {
    const response = await request(`/v2/a/manifests/${reference}`, { method: "DELETE" });
    assertEquals(response.status, 202);
  }
  assertEquals(deleted, ["tag a v1", `manifest a ${DIGEST}`]);
});

/** A body of which one byte arrives at once, and the rest when a test says so. */
function slowBody(bytes: number) {
  const started = Promise.withResolvers<void>();
  const finish = Promise.withResolvers<void>();
  let isFirst = true;
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      if (isFirst) {
        isFirst = false;
        started.resolve();
        return controller.enqueue(new Uint8Array(1));
      }
      await finish.promise;
      controller.enqueue(new Uint8Array(bytes - 1));
      controller.close();
    },
  }, { highWaterMark: 0 });
  return { stream, started: started.promise, finish: finish.resolve };
}

Deno.test("putManifest() holds as many bodies in memory as the share of a worker allows", async () => {
  const maxManifestSize = 4 * 1024 * 1024;
  for (const { share, held } of [{ share: 1, held: 2 }, { share: 1 / 64, held: 1 }]) {
    const { request } = fakeApp({
      putManifest: () => Promise.resolve({ digest: DIGEST, tags: [] }),
    }, { limits: { maxManifestSize, share } });
    const bodies = [slowBody(maxManifestSize), slowBody(maxManifestSize)];
    let started = 0;
    const answers = bodies.map(({ stream, started: begun }) => {
      begun.then(() => started++);
      return request("/v2/a/manifests/v1", {
        method: "PUT",
        body: stream,
        headers: { "Content-Type": MANIFEST.mediaType, "Content-Length": `${maxManifestSize}` },
      });
    });
    await bodies[held - 1]!.started;
    await new Promise((resolve) => setTimeout(resolve, 20));
    assertEquals(started, held);
    for (const { finish } of bodies) finish();
    assertEquals((await Promise.all(answers)).map(({ status }) => status), [201, 201]);
  }
});
