/** Redirects to a real S3 server. */
import { assert, assertEquals } from "@std/assert";
import { S3ObjectStore, Signer } from "../../storage/objects/s3/mod.ts";
import { startAwsStores } from "../harness/aws_stores.ts";
import { digestOf, pushBlob, type Send } from "../harness/content.ts";
import { CREDENTIALS, REGION } from "../harness/credentials.ts";
import { startRegistry } from "../harness/registry_process.ts";
import { startVersityGw } from "./versitygw.ts";
import { createBucket } from "./stores.ts";

const LAYER = Uint8Array.from({ length: 3_000_000 }, (_, index) => (index * 31 + (index >> 8)) & 255);
const PATH = `/v2/app/blobs/${digestOf(LAYER)}`;

/** URL of the store to which a GET is redirected. */
async function locationOf(send: Send, headers: Record<string, string> = {}): Promise<string> {
  const response = await send(PATH, { redirect: "manual", headers });
  await response.body?.cancel();
  assertEquals(response.status, 307);
  return response.headers.get("Location")!;
}

Deno.test("a client that follows redirects reads a layer, and resumes it after a cut", async () => {
  await using stores = await startAwsStores();
  const env = { ...stores.env(), SKERRY_DELIVERY: "redirect", SKERRY_LOG: "json" };
  await using registry = await startRegistry({ env });
  const send: Send = (path, init) => fetch(registry.url + path, init);
  await pushBlob(send, "app", LAYER);

  const whole = await fetch(await locationOf(send));
  assertEquals(whole.status, 200);
  assertEquals(whole.headers.get("Content-Type"), "application/octet-stream");
  assertEquals(whole.headers.get("Content-Disposition"), "attachment");
  const etag = whole.headers.get("ETag") ?? "";
  assert(/^"[^"]+"$/.test(etag), `"${etag}" is strong`);
  const reader = whole.body!.getReader();
  const { value: begin } = await reader.read();
  await reader.cancel();

  // Both with and without the entity tag of the store, as the client begins again at the registry.
  const remainder = digestOf(LAYER.slice(begin!.length));
  const range = `bytes=${begin!.length}-`;
  for (const headers of [{ Range: range }, { "Range": range, "If-Range": etag }]) {
    const location = await locationOf(send, headers);
    const rest = await fetch(location, { headers });
    assertEquals([rest.status, rest.headers.get("ETag")], [206, etag]);
    assertEquals(digestOf(await rest.bytes()), remainder);
  }

  // With that of the registry, from a HEAD, the registry sends the bytes: the store would send the whole blob.
  const own = (await send(PATH, { method: "HEAD" })).headers.get("ETag")!;
  const rest = await send(PATH, { headers: { "Range": range, "If-Range": own }, redirect: "error" });
  assertEquals([rest.status, digestOf(await rest.bytes())], [206, remainder]);

  await registry.kill("SIGINT"); // so that its log is complete
  assert(registry.log().includes('"http.response.status_code":307'), registry.log());
  assert(!registry.log().includes("X-Amz-"), "no signature in the log");
});

Deno.test("the store refuses a URL that has expired or was changed", async () => {
  await using s3 = await startVersityGw();
  const bucket = "skerry-bucket";
  await createBucket(s3.endpoint, bucket);
  const location = { bucket, region: REGION, endpoint: s3.endpoint, pathStyle: true };
  const credentials = () => Promise.resolve(CREDENTIALS);
  const store = await S3ObjectStore.open(location, credentials);
  await store.put("a", LAYER);
  await store.put("b", LAYER);
  const statusOf = async (url: string) => {
    const response = await fetch(url);
    await response.body?.cancel();
    return response.status;
  };
  const url = await store.url("a") ?? "";
  assertEquals(await statusOf(url), 200);
  assertEquals(await statusOf(url.replace("/a?", "/b?")), 403);
  assertEquals(await statusOf(url.replace("attachment", "inline")), 403);
  const signer = new Signer({ region: REGION, credentials, url: new URL(`${s3.endpoint}/${bucket}`) });
  const expired = await signer.readUrl("a", 3600, new Date(Date.now() - 3_700_000));
  assertEquals(await statusOf(expired.url), 403);
});
