import { assertEquals } from "@std/assert";
import { type AuditEvent, UNRESTRICTED_CALLER } from "../../registry/interface.ts";
import { RegistryError } from "../../oci/mod.ts";
import { buildApp, type TestAppOptions } from "../../tests/harness/app.ts";
import { bytesOf, digestOf, EMPTY, imageOf, pushBlob, pushManifest } from "../../tests/harness/content.ts";

const REPOSITORY = "team/app";
const SECRET = "Bearer not-for-the-log";

/** An app, and what its audit is told, without what differs from run to run. */
function auditedApp(options: TestAppOptions = {}) {
  const events: AuditEvent[] = [];
  const audit = (event: AuditEvent) => events.push(event);
  const { app, request, entries } = buildApp({ audit, ...options });
  const take = () =>
    events.splice(0).map(({ request, who, ...event }) => {
      assertEquals([typeof request, who], ["string", "anonymous"]);
      return event;
    });
  return { app, request, take, events, entries };
}

Deno.test("createApp() sends each change to the audit once, with the state before and after", async () => {
  const { request, take } = auditedApp();
  const [first, second] = [imageOf("first"), imageOf("second")];
  const at = { repository: REPOSITORY };
  const remove = (path: string) => request(`/v2/${REPOSITORY}/${path}`, { method: "DELETE" });

  await pushBlob(request, REPOSITORY, EMPTY);
  assertEquals(take(), [{ action: "blob.commit", ...at, after: digestOf(EMPTY) }]);
  await request(`/v2/other/blobs/uploads/?mount=${digestOf(EMPTY)}&from=${REPOSITORY}`, { method: "POST" });
  assertEquals(take(), [{ action: "blob.mount", repository: "other", after: digestOf(EMPTY) }]);
  await pushManifest(request, REPOSITORY, first, "v1");
  assertEquals(take(), [
    { action: "manifest.push", ...at, after: first.digest },
    { action: "tag.create", ...at, tag: "v1", after: first.digest },
  ]);
  await pushManifest(request, REPOSITORY, first, "v1");
  assertEquals(take(), [{ action: "manifest.push", ...at, before: first.digest, after: first.digest }]);
  await pushManifest(request, REPOSITORY, second, `${second.digest}?tag=v1&tag=v2`);
  assertEquals(take(), [
    { action: "manifest.push", ...at, after: second.digest },
    { action: "tag.move", ...at, tag: "v1", before: first.digest, after: second.digest },
    { action: "tag.create", ...at, tag: "v2", after: second.digest },
  ]);
  await remove("manifests/v1");
  assertEquals(take(), [{ action: "tag.delete", ...at, tag: "v1", before: second.digest }]);
  await remove(`manifests/${second.digest}`);
  assertEquals(take(), [
    { action: "tag.delete", ...at, tag: "v2", before: second.digest },
    { action: "manifest.delete", ...at, before: second.digest },
  ]);
  await remove(`blobs/${digestOf(EMPTY)}`);
  assertEquals(take(), [{ action: "blob.delete", ...at, before: digestOf(EMPTY) }]);
  await remove("_skerry/repository");
  assertEquals(take(), [
    { action: "manifest.delete", ...at, before: first.digest },
    { action: "repository.delete", ...at },
  ]);
});

Deno.test("createApp() sends neither reads nor refused requests to the audit", async () => {
  const { request, take } = auditedApp();
  await pushBlob(request, REPOSITORY, EMPTY);
  await pushManifest(request, REPOSITORY, imageOf("m"), "v1");
  take();
  const attempts: [string, string][] = [
    ["GET", "manifests/v1"],
    ["HEAD", `blobs/${digestOf(EMPTY)}`],
    ["DELETE", "manifests/missing"],
    ["PUT", "manifests/v1"],
    ["POST", `blobs/uploads/?mount=${digestOf(bytesOf("missing"))}`],
  ];
  for (const [method, path] of attempts) {
    await (await request(`/v2/${REPOSITORY}/${path}`, { method })).body?.cancel();
  }
  assertEquals(take(), []);
});

Deno.test("createApp() tells the audit which request it was and where it came from, and no secret", async () => {
  const { app, events } = auditedApp();
  const request = new Request(`http://localhost/v2/a/blobs/uploads/?digest=${digestOf(EMPTY)}`, {
    method: "POST",
    body: EMPTY,
    headers: { Authorization: SECRET },
  });
  const remoteAddr = { transport: "tcp" as const, hostname: "192.0.2.7", port: 9 };
  const response = await app.fetch(request, { remoteAddr });
  assertEquals(response.status, 201);
  assertEquals(events, [{
    who: "anonymous",
    action: "blob.commit",
    repository: "a",
    after: digestOf(EMPTY),
    request: response.headers.get("X-Request-Id")!,
    address: "192.0.2.7",
  }]);
});

Deno.test("createApp() tells the audit the address that a trusted proxy tells", async () => {
  const { request, events } = auditedApp({
    access: {
      admit: (_route, { headers }, client) => {
        client.address = headers.get("X-Forwarded-For") ?? client.peer;
        return Promise.resolve(UNRESTRICTED_CALLER);
      },
    },
  });
  await request(`/v2/a/blobs/uploads/?digest=${digestOf(EMPTY)}`, {
    method: "POST",
    body: EMPTY,
    headers: { "X-Forwarded-For": "192.0.2.8" },
  });
  assertEquals(events.map(({ address }) => address), ["192.0.2.8"]);
});

Deno.test("createApp() refuses changes while the audit can't be written, and nothing else", async () => {
  let isReady = false;
  const { request, events } = auditedApp({ auditReady: () => isReady });
  const put = () =>
    request(`/v2/a/blobs/uploads/?digest=${digestOf(EMPTY)}`, { method: "POST", body: EMPTY });
  const refused = await put();
  assertEquals([refused.status, refused.headers.get("Retry-After")], [503, "5"]);
  assertEquals((await request("/v2/")).status, 200);
  assertEquals((await request("/token", { method: "POST" })).status, 404); // logging in changes nothing
  assertEquals((await request(`/v2/a/blobs/${digestOf(EMPTY)}`)).status, 404);
  assertEquals(events, []);
  isReady = true;
  assertEquals((await put()).status, 201);
  assertEquals(events.length, 1);
});

Deno.test("createApp() names principal and address in the line of a request, refused ones too", async () => {
  const { request, entries } = auditedApp({
    access: {
      admit: (_route, { headers }, client) => {
        client.address = "192.0.2.8";
        client.principal = "user:alice";
        if (headers.has("X-Refuse")) throw new RegistryError("DENIED", "Access denied");
        return Promise.resolve(UNRESTRICTED_CALLER);
      },
    },
  });
  await request("/v2/a/tags/list");
  await request("/v2/a/tags/list", { headers: { "X-Refuse": "yes" } });
  assertEquals(entries.map(({ status, principal, address }) => [status, principal, address]), [
    [404, "user:alice", "192.0.2.8"],
    [403, "user:alice", "192.0.2.8"],
  ]);
});
