// Attacks of an account with some rights on others, over HTTP: their tags, content and uploads.
import { assertEquals } from "@std/assert";
import type { Caller } from "../../registry/mod.ts";
import { buildApp, type TestAppOptions } from "../harness/app.ts";
import { callerWith, CREATOR } from "../harness/callers.ts";
import {
  bytesOf,
  digestOf,
  EMPTY,
  failureIn,
  imageOf,
  pushBlob,
  pushManifest,
  putManifest,
  startUpload,
} from "../harness/content.ts";

const SECRET = bytesOf("a layer of a private image");
const DIGEST = digestOf(SECRET);

/** An anonymous caller, or the one that the header names. */
function appFor(callers: Record<string, Caller>, options: TestAppOptions = {}) {
  const admin: Caller = { name: "user:admin", may: () => true, sees: () => true };
  const access: NonNullable<TestAppOptions["access"]> = {
    admit: (_route, { headers }) => Promise.resolve(callers[headers.get("Authorization") ?? ""] ?? admin),
  };
  const { request } = buildApp({ access, ...options });
  /** Sends as the named caller. */
  const as = (name: string) => (path: string, init: RequestInit = {}) =>
    request(path, { ...init, headers: { ...init.headers as Record<string, string>, Authorization: name } });
  return { request, as };
}

Deno.test("CVE-2026-31801: the right to create tags does not allow overwriting latest, by path or by ?tag=", async () => {
  const { request, as } = appFor({ creator: CREATOR });
  await pushBlob(request, "a", EMPTY);
  const good = await pushManifest(request, "a", imageOf("good"), "latest");
  const evil = imageOf("evil");
  const creator = as("creator");
  const references = ["latest", `${evil.digest}?tag=latest`, `${evil.digest}?tag=new&tag=latest&tag=other`];
  for (const reference of references) {
    for (const headers of [{}, { "If-Match": `"${good.digest}"` }, { "If-None-Match": `"${evil.digest}"` }]) {
      const response = await putManifest(creator, "a", reference, evil, headers);
      assertEquals(await failureIn(response), [403, "DENIED"], reference);
    }
  }
  const { tags } = await (await request("/v2/a/tags/list")).json();
  assertEquals(tags, ["latest"]);
  assertEquals((await request("/v2/a/manifests/latest")).headers.get("Docker-Content-Digest"), good.digest);
  assertEquals((await request(`/v2/a/manifests/${evil.digest}`)).status, 404);
  assertEquals((await putManifest(creator, "a", "latest", imageOf("good"))).status, 201);
  assertEquals((await putManifest(creator, "a", "mine", evil)).status, 201);
});

Deno.test("CVE-2024-39897: a mount from a forbidden repository is answered as one from a missing one", async () => {
  const { request, as } = appFor({ mallory: callerWith(["pull", "push"], ["mine"], "user:mallory") });
  await pushBlob(request, "private", SECRET);
  const mallory = as("mallory");
  const nobody = digestOf(bytesOf("nobody has this"));
  const ask = async (query: string) => {
    const response = await mallory(`/v2/mine/blobs/uploads/?${query}`, { method: "POST" });
    const headers = Object.fromEntries(response.headers);
    for (const name of ["x-request-id", "location", "docker-upload-uuid"]) delete headers[name];
    return { status: response.status, headers, body: await response.text() };
  };
  const absent = await ask(`mount=${nobody}&from=private`);
  assertEquals(absent.status, 202);
  for (const query of [`mount=${DIGEST}&from=private`, `mount=${DIGEST}`, `mount=${DIGEST}&from=missing`]) {
    assertEquals(await ask(query), absent, query);
  }
  for (const method of ["HEAD", "GET"]) {
    assertEquals((await mallory(`/v2/mine/blobs/${DIGEST}`, { method })).status, 404);
  }
});

Deno.test("an upload belongs to its principal and repository: to others it is unknown, by every method", async () => {
  const everything = ["pull", "push", "overwrite", "delete", "administer"] as const;
  const { as } = appFor({
    alice: callerWith([...everything], undefined, "user:alice"),
    mallory: callerWith([...everything], undefined, "user:mallory"),
  });
  const [alice, mallory] = [as("alice"), as("mallory")];
  for (const begun of [false, true]) {
    const location = await startUpload(alice, "a");
    if (begun) assertEquals((await alice(location, { method: "PATCH", body: SECRET })).status, 202);
    const places = [[mallory, location], [alice, location.replace("/a/", "/b/")], [
      mallory,
      location.replace("/a/", "/b/"),
    ]] as const;
    for (const [send, place] of places) {
      for (const method of ["GET", "PATCH", "PUT", "DELETE"]) {
        const path = method === "PUT" ? `${place}?digest=${DIGEST}` : place;
        const body = method === "PATCH" || method === "PUT" ? { body: SECRET } : {};
        const response = await send(path, { method, ...body });
        assertEquals(await failureIn(response), [404, "BLOB_UPLOAD_UNKNOWN"], `${method} ${begun}`);
      }
    }
    const rest = begun ? {} : { body: SECRET };
    assertEquals((await alice(`${location}?digest=${DIGEST}`, { method: "PUT", ...rest })).status, 201);
  }
});

Deno.test("an immutable tag is neither moved nor deleted by any account, by path, ?tag= or digest", async () => {
  const immutable = [{ repositories: ["**"], tags: ["v*"], except: [] }];
  const { request } = appFor({}, { registry: { immutable } });
  await pushBlob(request, "a", EMPTY);
  const good = await pushManifest(request, "a", imageOf("good"), "v1");
  const evil = imageOf("evil");
  const remove = (path: string) => request(`/v2/a/${path}`, { method: "DELETE" });
  const attempts = [
    () => putManifest(request, "a", "v1", evil),
    () => putManifest(request, "a", `${evil.digest}?tag=latest&tag=v1`, evil),
    () => remove("manifests/v1"),
    () => remove(`manifests/${good.digest}`),
  ];
  for (const attempt of attempts) {
    const response = await attempt();
    assertEquals(response.status, 403);
    const { errors: [{ code, message, detail }] } = await response.json();
    assertEquals([code, detail], ["DENIED", { tag: "v1" }]);
    assertEquals(message, 'Tag "v1" is immutable: it can be neither moved nor deleted');
  }
  assertEquals((await (await request("/v2/a/tags/list")).json()).tags, ["v1"]);
  assertEquals((await putManifest(request, "a", "v1", good)).status, 201);
  assertEquals((await remove("_skerry/repository")).status, 202);
});

Deno.test("the catalog has only repositories that the caller may pull", async () => {
  const { request, as } = appFor({ alice: callerWith(["pull"], ["b", "d"], "user:alice") });
  for (const name of ["a", "b", "c", "d", "e"]) {
    await pushBlob(request, name, EMPTY);
    await pushManifest(request, name, imageOf("m"), "v1");
  }
  const alice = as("alice");
  const first = await alice("/v2/_catalog?n=1");
  assertEquals(await first.json(), { repositories: ["b"] });
  assertEquals(first.headers.get("Link"), '</v2/_catalog?n=1&last=b>; rel="next"');
  const second = await alice("/v2/_catalog?n=1&last=b");
  assertEquals(await second.json(), { repositories: ["d"] });
  assertEquals(second.headers.get("Link"), null);
});

Deno.test("limits are told by 429 with Retry-After, quotas by 403", async () => {
  const limited = appFor({}, { registry: { uploadLimits: { openUploads: 1, openUploadBytes: 0 } } }).request;
  const begin = async () => limited(await startUpload(limited, "a"), { method: "PATCH", body: EMPTY });
  assertEquals((await begin()).status, 202);
  const refused = await begin();
  assertEquals(refused.headers.get("Retry-After"), "10");
  assertEquals(await failureIn(refused), [429, "TOOMANYREQUESTS"]);
  const small = appFor({}, { registry: { quotas: [{ repositories: "small/*", bytes: 10 }] } }).request;
  const push = (name: string) =>
    small(`/v2/${name}/blobs/uploads/?digest=${DIGEST}`, { method: "POST", body: SECRET });
  assertEquals(await failureIn(await push("small/a")), [403, "DENIED"]);
  assertEquals((await push("large/a")).status, 201);
});
