import { assertEquals, assertMatch } from "@std/assert";
import { RegistryError, unavailable } from "../oci/mod.ts";
import { StorageFullError } from "../storage/ports.ts";
import { fakeApp } from "../tests/harness/app.ts";

/** Answer and log of a registry whose manifests can't be read because of `thrown`. */
async function failing(thrown: unknown) {
  const { request, entries } = fakeApp({ getManifest: () => Promise.reject(thrown) });
  const response = await request("/v2/a/manifests/v1");
  return { response, body: await response.json(), entry: entries[0] };
}

Deno.test("failureOf() renders a client's error, and logs nothing", async () => {
  const { response, body, entry } = await failing(
    new RegistryError("DENIED", "Not yours", {
      detail: { a: 1 },
      headers: { "X-Extra": "b" },
      cause: new Error("secret"),
    }),
  );
  assertEquals(response.status, 403);
  assertEquals(response.headers.get("Content-Type"), "application/json");
  assertEquals(response.headers.get("X-Extra"), "b");
  assertEquals(body, { errors: [{ code: "DENIED", message: "Not yours", detail: { a: 1 } }] });
  assertEquals([entry?.status, entry?.error], [403, undefined]);
});

Deno.test("failureOf() hides a bug behind the id that the log knows it by", async () => {
  const bug = new TypeError("secret of line 7");
  const { response, body, entry } = await failing(bug);
  assertEquals(response.status, 500);
  const id = response.headers.get("X-Request-Id");
  assertEquals(body, { errors: [{ code: "UNSUPPORTED", message: `Internal error in request ${id}` }] });
  assertEquals([entry?.id, entry?.error], [id, bug]);
});

Deno.test("failureOf() answers 507 when the storage is full", async () => {
  const full = new StorageFullError(new Error("ENOSPC"));
  const { response, body, entry } = await failing(full);
  assertEquals(response.status, 507);
  assertEquals(body.errors[0].message, "The disk of the registry is full");
  assertEquals(entry?.error, full);
});

Deno.test("failureOf() answers 503 when no file can be opened, and logs why", async () => {
  const shortage = Object.assign(new Error("Too many open files (os error 24)"), { code: "EMFILE" });
  const { response, body, entry } = await failing(shortage);
  assertEquals([response.status, response.headers.get("Retry-After")], [503, "1"]);
  assertEquals(body.errors[0].message, "The registry has too many open files");
  assertEquals(entry?.error, shortage);
});

Deno.test("failureOf() says when to come back after an outage, and logs it", async () => {
  const outage = unavailable("Storage is slow", { seconds: 3 });
  const { response, body, entry } = await failing(outage);
  assertEquals(response.status, 503);
  assertEquals(response.headers.get("Retry-After"), "3");
  assertEquals(body.errors[0].code, "TOOMANYREQUESTS");
  assertEquals(entry?.error, outage);
});

Deno.test("failureOf() never lets an error be cached", async () => {
  const { response } = await failing(new RegistryError("MANIFEST_UNKNOWN", "No such manifest"));
  assertMatch(response.headers.get("Cache-Control") ?? "", /no-store/);
});

Deno.test("failureOf() lists the permitted methods for a refused one (RFC 9110 §15.5.6)", async () => {
  const refuse = () => Promise.reject(new RegistryError("UNSUPPORTED", "Refused"));
  const { request } = fakeApp({
    putManifest: refuse,
    deleteTag: refuse,
    deleteBlob: refuse,
    startUpload: refuse,
    cancelUpload: refuse,
    deleteRepository: refuse,
  });
  const digest = `sha256:${"a".repeat(64)}`;
  const rows: [string, string, string][] = [
    ["PUT", "/v2/a/manifests/v1", "GET, HEAD"],
    ["DELETE", "/v2/a/manifests/v1", "GET, HEAD"],
    ["DELETE", `/v2/a/blobs/${digest}`, "GET, HEAD"],
    ["POST", "/v2/a/blobs/uploads/", ""],
    ["DELETE", "/v2/a/blobs/uploads/1", ""],
    ["DELETE", "/v2/a/_skerry/repository", "GET, HEAD"],
  ];
  for (const [method, path, allow] of rows) {
    const response = await request(path, { method });
    assertEquals([response.status, response.headers.get("Allow")], [405, allow], `${method} ${path}`);
    await response.body?.cancel();
  }
});

Deno.test("failureOf() sends no body with the answer to HEAD", async () => {
  const { request } = fakeApp({
    getManifest: () => Promise.reject(new RegistryError("MANIFEST_UNKNOWN", "None")),
  });
  const response = await request("/v2/a/manifests/v1", { method: "HEAD" });
  assertEquals(response.status, 404);
  assertEquals(await response.text(), "");
});
