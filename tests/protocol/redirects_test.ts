/** Redirects of blobs to S3: who gets one, what it costs there, and what of it is recorded. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { RegistryError } from "../../oci/mod.ts";
import { createRegistry } from "../../registry/mod.ts";
import type { DeliveryOptions } from "../../routes/mod.ts";
import { MemoryTable } from "../../storage/mod.ts";
import { makeStore } from "../../storage/objects/s3/testing/mod.ts";
import { buildApp, fakeApp } from "../harness/app.ts";
import { digestOf, pushBlob, pushImage, type Send } from "../harness/content.ts";
import { isStorable } from "../harness/shared_cache.ts";

const DELIVERY: DeliveryOptions = { delivery: "redirect", deliveryRules: [] };

/** Larger than what the registry always sends itself. */
const LAYER = Uint8Array.from({ length: 100_000 }, (_, index) => (index * 31 + (index >> 8)) & 255);
const PATH = `/v2/app/blobs/${digestOf(LAYER)}`;

/** Status and target of a GET, which reads no body of the store. */
async function look(request: Send, path: string): Promise<[status: number, location: string | null]> {
  const response = await request(path);
  await response.body?.cancel();
  return [response.status, response.headers.get("Location")];
}

Deno.test("a GET of a layer is redirected to its bytes, and costs no request to S3", async () => {
  await using made = await makeStore({ prefix: "some/folder/" });
  const { request, entries } = buildApp({ registry: { objects: made.store }, delivery: DELIVERY });
  await pushBlob(request, "app", LAYER);
  made.server.reset();
  const [status, location] = await look(request, PATH);
  assertEquals([status, made.server.requests], [307, {}]);

  assert(location !== null && location.startsWith(`${made.server.endpoint}/skerry/some/folder/`), "location");
  const whole = await fetch(location);
  assertEquals(whole.headers.get("Content-Disposition"), "attachment");
  assertEquals(digestOf(await whole.bytes()), digestOf(LAYER));
  const rest = await fetch(location, { headers: { Range: "bytes=60000-" } });
  assertEquals([rest.status, digestOf(await rest.bytes())], [206, digestOf(LAYER.slice(60_000))]);

  assertEquals(entries.at(-1)?.path, PATH);
  assert(!Deno.inspect(entries, { depth: 9 }).includes("X-Amz"), "no signature in the log");
});

Deno.test("a URL for clients has their host, which its signature covers", async () => {
  await using made = await makeStore({ publicEndpoint: "https://objects.example.com", pathStyle: false });
  const url = new URL(await made.store.url("a/b") ?? "");
  assertEquals([url.host, url.pathname], ["skerry.objects.example.com", "/a/b"]);
  const inPath = await made.open({ publicEndpoint: "https://objects.example.com/s3", pathStyle: true });
  assertMatch(await inPath.url("a/b") ?? "", /^https:\/\/objects\.example\.com\/s3\/skerry\/a\/b\?/);
});

Deno.test("a redirect is only for a repository that has the blob, as long as it has it", async () => {
  await using made = await makeStore();
  const { request } = buildApp({ registry: { objects: made.store }, delivery: DELIVERY });
  await pushBlob(request, "app", LAYER);
  assertEquals(await look(request, `/v2/other/blobs/${digestOf(LAYER)}`), [404, null]);
  assertEquals((await look(request, PATH))[0], 307);
  assertEquals((await request(PATH, { method: "DELETE" })).status, 202);
  assertEquals(await look(request, PATH), [404, null]);
});

Deno.test("a redirect is only for a caller who may pull", async () => {
  await using made = await makeStore();
  const { registry } = createRegistry({ objects: made.store, table: new MemoryTable() });
  const open = fakeApp(registry, { delivery: DELIVERY });
  await pushBlob(open.request, "app", LAYER);
  const admit = () => Promise.reject(new RegistryError("DENIED", "No access"));
  const closed = fakeApp(registry, { delivery: DELIVERY, access: { admit } });
  assertEquals(await look(closed.request, PATH), [403, null]);
});

Deno.test("a pull with redirects is recorded for retention", async () => {
  await using made = await makeStore();
  const table = new MemoryTable();
  const stored = createRegistry({ objects: made.store, table });
  const rules = [{ repositories: ["**"], keepTags: [{ tags: ["*"], pulledWithin: 1000 }] }];
  const failed = (error: unknown) => {
    throw error;
  };
  const pulls = await stored.pullTimes(rules, failed);
  assert(pulls);
  const { request } = fakeApp(pulls.observe(stored.registry), { delivery: DELIVERY });
  await pushImage(request, "app", "v1");
  await pushBlob(request, "app", LAYER);
  assertEquals((await look(request, "/v2/app/manifests/v1"))[0], 200);
  assertEquals((await look(request, PATH))[0], 307);
  const items = async () => (await table.scan({ limit: 100 })).items;
  const before = (await items()).length;
  await pulls.stop();
  assertEquals((await items()).length, before + 1);
});

Deno.test("a redirect of a public host is stored by no shared cache, although its bytes may be", async () => {
  await using made = await makeStore();
  const { request } = buildApp({
    registry: { objects: made.store },
    delivery: DELIVERY,
    publicFace: {
      hosts: ["pull.example.com"],
      caching: { cdn: "standard", digestTtl: 3_600_000, tagTtl: 0 },
    },
  });
  await pushBlob(request, "app", LAYER);
  const get = async (headers: Record<string, string>) => {
    const url = `http://pull.example.com${PATH}`;
    const response = await request(url, { headers });
    await response.body?.cancel();
    return [response.status, isStorable(new Request(url, { headers }), response)];
  };
  assertEquals(await get({}), [307, false]);
  assertEquals(await get({ "Skerry-Delivery": "proxy" }), [200, true]);
});
