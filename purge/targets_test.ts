import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { hash } from "node:crypto";
import type { PurgeTarget } from "../registry/mod.ts";
import { Signature } from "../storage/aws/mod.ts";
import { cloudflare } from "./cloudflare.ts";
import { cloudfront } from "./cloudfront.ts";
import { denoCdn } from "./deno_cdn.ts";
import { fastly } from "./fastly.ts";
import { PurgeError } from "./purge_error.ts";
import { varnish } from "./varnish.ts";

const TAGS = ["r-0123456789abcdef", "d-fedcba9876543210", "skerry"];

/** A request that a stand-in has received. */
interface Received {
  method: string;
  path: string;
  headers: Headers;
  body: string;
}

/** Runs `use` with a stand-in for the API of a cache, which answers as `answer` says. Answers what it received. */
async function standIn(
  answer: (request: Received) => Response,
  use: (url: string) => Promise<void>,
): Promise<Received[]> {
  const received: Received[] = [];
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const { method, url, headers } = request;
    const got = { method, path: new URL(url).pathname, headers, body: await request.text() };
    received.push(got);
    return answer(got);
  });
  await use(`http://127.0.0.1:${server.addr.port}`);
  return received;
}

const json = (value: unknown, init?: ResponseInit) => Response.json(value, init);
const token = () => Promise.resolve("secret");

Deno.test("fastly() purges surrogate keys of the service, 256 at most", async () => {
  const [request, ...more] = await standIn(() => json({}), async (endpoint) => {
    const target = fastly({ service: "SU1Z0", token, endpoint });
    assertEquals(target.maxTags, 256);
    await target.purge(TAGS);
  });
  assertEquals([request!.method, request!.path, more.length], ["POST", "/service/SU1Z0/purge", 0]);
  assertEquals(request!.headers.get("Fastly-Key"), "secret");
  assertEquals(request!.headers.get("Content-Type"), "application/json");
  assertEquals(JSON.parse(request!.body), { surrogate_keys: TAGS });
});

Deno.test("cloudflare() purges cache tags of the zone, 100 at most, and takes success from the body", async () => {
  const [request] = await standIn(() => json({ success: true }), async (endpoint) => {
    const target = cloudflare({ zone: "023e105f", token, endpoint });
    assertEquals(target.maxTags, 100);
    await target.purge(TAGS);
  });
  assertEquals([request!.method, request!.path], ["POST", "/zones/023e105f/purge_cache"]);
  assertEquals(request!.headers.get("Authorization"), "Bearer secret");
  assertEquals(JSON.parse(request!.body), { tags: TAGS });
  for (const body of ['{"success":false,"errors":[{"code":1012}]}', "null", "<html>"]) {
    await standIn(() => new Response(body), async (endpoint) => {
      const error = await assertRejects(
        () => cloudflare({ zone: "z", token, endpoint }).purge(TAGS),
        PurgeError,
      );
      assert(error.message.includes(JSON.stringify(body)), error.message);
    });
  }
});

Deno.test("cloudfront() invalidates cache tags of the distribution with a signed request, 1,000 at most", async () => {
  const credentials = { accessKeyId: "AKID", secretAccessKey: "SECRET", sessionToken: "TOKEN" };
  const received = await standIn(() => new Response("<Invalidation/>", { status: 201 }), async (endpoint) => {
    const target = cloudfront({
      distribution: "E2Q",
      credentials: () => Promise.resolve(credentials),
      endpoint,
    });
    assertEquals(target.maxTags, 1000);
    for (let time = 0; time < 2; time++) await target.purge(TAGS);
  });
  const [first, second] = received as [Received, Received];
  assertEquals([first.method, first.path], ["POST", "/2020-05-31/distribution/E2Q/invalidation"]);
  const items = TAGS.map((tag) => `<Path>#${tag}</Path>`).join("");
  assert(first.body.includes(`<Paths><Quantity>3</Quantity><Items>${items}</Items></Paths>`), first.body);
  assert(first.body.includes('xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"'));
  const reference = ({ body }: Received) => /<CallerReference>(.*)<\/CallerReference>/.exec(body)![1];
  assert(reference(first) !== reference(second), "CloudFront ignores a known reference");
  // The signature is checked as CloudFront does: by making it again.
  const date = first.headers.get("x-amz-date")!;
  const time = date.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, "$1-$2-$3T$4:$5:$6Z");
  const again = new Signature("cloudfront", "us-east-1").sign(
    {
      method: "POST",
      host: first.headers.get("host")!,
      path: first.path,
      headers: { "content-type": first.headers.get("content-type")! },
      payload: hash("sha256", first.body),
    },
    credentials,
    new Date(time),
  );
  assertEquals(first.headers.get("authorization"), again.authorization);
  assertEquals(first.headers.get("x-amz-security-token"), "TOKEN");
});

Deno.test("denoCdn() purges cache tags of the app, 500 at most", async () => {
  const [request] = await standIn(() => json({}), async (endpoint) => {
    const target = denoCdn(endpoint);
    assertEquals(target.maxTags, 500);
    await target.purge(TAGS);
  });
  assertEquals([request!.method, request!.path], ["POST", "/invalidate/http"]);
  assertEquals(request!.headers.get("Content-Type"), "application/json");
  assertEquals(JSON.parse(request!.body), { tags: TAGS });
});

Deno.test("varnish() bans each cache tag at each server, and fails if one does not answer", async () => {
  const received = await standIn(() => new Response(null, { status: 204 }), async (url) => {
    await varnish([url, `${url}/other`]).purge(TAGS);
    await assertRejects(() => varnish([url, "http://127.0.0.1:1"]).purge(TAGS), PurgeError, "no answer from");
  });
  const banned = (path: string) =>
    received.filter((request) => request.path === path).slice(0, TAGS.length)
      .map(({ method, headers }) => `${method} ${headers.get("X-Cache-Tag")}`);
  for (const path of ["/", "/other/"]) assertEquals(banned(path), TAGS.map((tag) => `BAN ${tag}`));
});

Deno.test("a target fails with the answer of the cache, and the time of its Retry-After", async () => {
  const targets: ((url: string) => PurgeTarget)[] = [
    (endpoint) => fastly({ service: "s", token, endpoint }),
    (endpoint) => cloudflare({ zone: "z", token, endpoint }),
    (endpoint) => denoCdn(endpoint),
    (url) => varnish([url]),
  ];
  for (const target of targets) {
    const limited = () => new Response("slow down", { status: 429, headers: { "Retry-After": "7" } });
    await standIn(limited, async (url) => {
      const error = await assertRejects(() => target(url).purge(["skerry"]), PurgeError);
      assertEquals(error.retryAfter, 7000);
      assertMatch(error.message, /^Cannot purge .*: status 429 "slow down"$/);
    });
    await standIn(() => new Response("", { status: 403 }), async (url) => {
      await assertRejects(() => target(url).purge(["skerry"]), PurgeError, "check the credentials");
    });
    // A redirect is no purge.
    await standIn(() => Response.redirect("http://127.0.0.1:1/"), async (url) => {
      await assertRejects(() => target(url).purge(["skerry"]), PurgeError, "status 302");
    });
  }
});
