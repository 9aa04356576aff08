import { assertEquals } from "@std/assert";
import type { Descriptor } from "../oci/mod.ts";
import type { Page, ReferrersRequest } from "../registry/interface.ts";
import { fakeApp } from "../tests/harness/app.ts";

const SUBJECT = `sha256:${"a".repeat(64)}`;
const INDEX = "application/vnd.oci.image.index.v1+json";
const REFERRER: Descriptor = {
  mediaType: "application/vnd.oci.image.manifest.v1+json",
  digest: `sha256:${"b".repeat(64)}`,
  size: 7,
  artifactType: "application/spdx+json",
  annotations: { a: "b" },
};

function appListing(page: Page<Descriptor>) {
  const asked: ReferrersRequest[] = [];
  const { request } = fakeApp({
    listReferrers: (_repository, _subject, { signal: _, ...request }) => {
      asked.push(request);
      return Promise.resolve(page);
    },
  });
  return { request, asked };
}

Deno.test("listReferrers() is an image index, by its type as well", async () => {
  const { request } = appListing({ items: [REFERRER] });
  const response = await request(`/v2/a/referrers/${SUBJECT}`);
  assertEquals(response.headers.get("Content-Type"), INDEX);
  assertEquals(response.headers.get("OCI-Filters-Applied"), null);
  assertEquals(response.headers.get("Link"), null);
  assertEquals(await response.json(), { schemaVersion: 2, mediaType: INDEX, manifests: [REFERRER] });
});

Deno.test("listReferrers() names the filters that it has applied", async () => {
  const { request, asked } = appListing({ items: [] });
  const response = await request(`/v2/a/referrers/${SUBJECT}?artifactType=a%2Fb&artifactType=c/d`);
  assertEquals(response.headers.get("OCI-Filters-Applied"), "artifactType");
  assertEquals((await response.json()).manifests, []);
  assertEquals(asked, [{ artifactTypes: ["a/b", "c/d"] }]);
});

Deno.test("listReferrers() keeps the filter in the link to the next page", async () => {
  const { request, asked } = appListing({ items: [REFERRER], next: REFERRER.digest });
  const path = `/v2/a/referrers/${SUBJECT}?artifactType=a/b&artifactType=c%2Bd`;
  const link = (await request(path)).headers.get("Link") ?? "";
  const last = encodeURIComponent(REFERRER.digest);
  assertEquals(
    link,
    `</v2/a/referrers/${SUBJECT}?artifactType=a%2Fb&artifactType=c%2Bd&last=${last}>; rel="next"`,
  );
  await request(link.slice(1, link.indexOf(">")));
  assertEquals(asked[1], { artifactTypes: ["a/b", "c+d"], after: REFERRER.digest });
});

Deno.test("listReferrers() learns that the client has gone", async () => {
  const [asked, gone] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const { app } = fakeApp({
    listReferrers: async (_repository, _subject, { signal }) => {
      signal!.addEventListener("abort", () => gone.resolve());
      asked.resolve();
      await gone.promise;
      return { items: [] };
    },
  });
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => app.fetch(request),
  );
  const client = new AbortController();
  const url = `http://127.0.0.1:${server.addr.port}/v2/a/referrers/${SUBJECT}`;
  const response = fetch(url, { signal: client.signal }).catch(() => {});
  await asked.promise;
  client.abort();
  await gone.promise;
  await response;
});
