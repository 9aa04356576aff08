/** Pushes, pulls, deletes and outages with every tier in front of the stores, and with each one off. */
import { assert, assertEquals } from "@std/assert";
import { cached } from "../../cache/mod.ts";
import { MemoryTable, type ObjectStore, type Table, UnavailableError } from "../../storage/mod.ts";
import { makeStore } from "../../storage/objects/s3/testing/mod.ts";
import { digestOf, EMPTY_DESCRIPTOR, manifestOf, pushBlob, pushManifest } from "../harness/content.ts";
import { ROOT, type SecuredApp, URL_OF_APP } from "../harness/secured_app.ts";
import { isStorable, keptSeconds } from "../harness/shared_cache.ts";
import { hooked } from "../harness/stores.ts";
import { ALICE, openTeamApp } from "./team_app.ts";

/** Tiers that a registry can have. */
const TIERS = ["public host", "shared cache", "redirects", "memory"] as const;

type Tier = typeof TIERS[number];

/** All tiers, then all but one of them. */
const COMBINATIONS: [name: string, on: readonly Tier[]][] = [
  ["every tier", TIERS],
  ...TIERS.map((off): [string, readonly Tier[]] => [`no ${off}`, TIERS.filter((tier) => tier !== off)]),
];

const PUBLIC_HOST = "pull.test";
const OPEN = "public/app";
const CLOSED = "team/app";
const DIGEST_TTL_MS = 86_400_000;

/** Larger than what the registry always sends itself. */
const LAYER = Uint8Array.from({ length: 100_000 }, (_, index) => (index * 31 + (index >> 8)) & 255);
const LAYER_DIGEST = digestOf(LAYER);

const IMAGE = manifestOf({
  config: EMPTY_DESCRIPTOR,
  layers: [{ mediaType: "application/octet-stream", digest: LAYER_DIGEST, size: LAYER.length }],
});

/** A registry with some tiers, a public and a private image, and stores that can be away. */
interface World extends AsyncDisposable {
  app: SecuredApp;
  has: (tier: Tier) => boolean;
  /** Stores that do not answer. */
  away: Set<"table" | "objects">;
  /** GET as a client sees it, after a redirect as well: `401`, or `200` and the digest. */
  get: (host: string, path: string, authorization?: string) => Promise<string>;
}

async function openWorld(on: readonly Tier[]): Promise<World> {
  await using stack = new AsyncDisposableStack();
  const { store } = stack.use(await makeStore());
  const away: World["away"] = new Set();
  const failing = (name: "table" | "objects") => (method: string) => {
    // A URL is made without a request.
    if (away.has(name) && method !== "url") throw new UnavailableError(method, "down");
  };
  const stores = {
    objects: hooked<ObjectStore>(store, failing("objects")),
    table: hooked<Table>(new MemoryTable(), failing("table")),
  };
  const has = (tier: Tier) => on.includes(tier);
  const caching = { cdn: "standard", digestTtl: DIGEST_TTL_MS, tagTtl: 0 } as const;
  const app = stack.use(
    await openTeamApp({}, {
      stores,
      ...(has("memory") && { wrap: cached }),
      ...(has("redirects") && { delivery: { delivery: "redirect", deliveryRules: [] } }),
      ...(has("public host") && {
        publicFace: { hosts: [PUBLIC_HOST], ...(has("shared cache") && { caching }) },
      }),
    }),
  );
  for (const repository of [OPEN, CLOSED]) {
    await pushBlob(app.as(ROOT), repository, LAYER);
    await pushManifest(app.as(ROOT), repository, IMAGE, "v1");
  }
  const kept = stack.move();
  return {
    app,
    has,
    away,
    get: (host, path, authorization) => getChecked(app, host, path, { has, authorization }),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Sends a GET, checks that a shared cache keeps only what it should, and follows a redirect. */
async function getChecked(
  app: SecuredApp,
  host: string,
  path: string,
  { has, authorization }: Pick<World, "has"> & { authorization: string | undefined },
): Promise<string> {
  const headers = authorization === undefined ? {} : { Authorization: authorization };
  // Without TLS, as the store: a registry redirects no client from TLS to a URL without.
  const response = await app.at(host, "http")(path, { headers });
  const request = new Request(`http://${host}${path}`, { headers });
  const keeps = has("shared cache") && host === PUBLIC_HOST && response.status === 200 &&
    path.includes("sha256:");
  assertEquals(keptSeconds(request, response), keeps ? DIGEST_TTL_MS / 1000 : 0, `${host}${path}`);
  assert(keeps || !isStorable(request, response), `${host}${path} is stored`);
  const location = response.headers.get("Location");
  const isRedirected = response.status === 307 && location !== null;
  assertEquals(isRedirected, has("redirects") && response.status < 400 && path.endsWith(LAYER_DIGEST));
  if (isRedirected) await response.body?.cancel();
  const followed = isRedirected ? await fetch(location) : response;
  const digest = digestOf(await followed.bytes());
  return followed.status === 200 ? `200 ${digest}` : `${followed.status}`;
}

/** Hosts of a world, and the `Authorization` that a client of a private repository shows there. */
function hostsOf({ has }: World): string[] {
  return [new URL(URL_OF_APP).host, ...has("public host") ? [PUBLIC_HOST] : []];
}

const pathsIn = (repository: string): Record<string, string> => ({
  [`/v2/${repository}/manifests/v1`]: IMAGE.digest,
  [`/v2/${repository}/manifests/${IMAGE.digest}`]: IMAGE.digest,
  [`/v2/${repository}/blobs/${LAYER_DIGEST}`]: LAYER_DIGEST,
  [`/v2/${repository}/blobs/${EMPTY_DESCRIPTOR.digest}`]: EMPTY_DESCRIPTOR.digest,
});

/** Pulls everything that a client may, and nothing else. */
async function assertPulls(world: World): Promise<void> {
  const [main] = hostsOf(world) as [string];
  for (const host of hostsOf(world)) {
    for (const [path, digest] of Object.entries(pathsIn(OPEN))) {
      assertEquals(await world.get(host, path), `200 ${digest}`, `${host}${path}`);
    }
    for (const [path, digest] of Object.entries(pathsIn(CLOSED))) {
      assertEquals(await world.get(host, path), host === main ? "401" : "404", `${host}${path}`);
      const shown = host === main ? `200 ${digest}` : "404";
      assertEquals(await world.get(host, path, ALICE), shown, `${host}${path} as alice`);
    }
  }
}

/** GETs everything at every host while a store is away. Returns the paths that are answered all the same. */
async function answeredWithout(world: World, store: "table" | "objects"): Promise<string[]> {
  const answered = new Set<string>();
  world.away.add(store);
  for (const host of hostsOf(world)) {
    for (const [path, digest] of Object.entries(pathsIn(OPEN))) {
      const answer = await world.get(host, path);
      if (answer === `200 ${digest}`) answered.add(path);
      else assertEquals(answer, "503", `${host}${path} without the ${store}`);
    }
  }
  world.away.delete(store);
  return [...answered];
}

for (const [name, on] of COMBINATIONS) {
  Deno.test(`with ${name}, each client may pull the permitted content and nothing else, also after outages and deletes`, async () => {
    await using world = await openWorld(on);
    await assertPulls(world);

    const [byTag, byDigest, layer, config] = Object.keys(pathsIn(OPEN)) as [string, string, string, string];
    assertEquals(await answeredWithout(world, "table"), []);
    assertEquals(await answeredWithout(world, "objects"), [
      byTag,
      byDigest,
      ...world.has("redirects") ? [layer] : [],
      ...world.has("memory") ? [config] : [],
    ]);
    await assertPulls(world);

    const deleted = await world.app.as(ROOT)(byDigest, { method: "DELETE" });
    assertEquals(deleted.status, 202);
    assertEquals((await world.app.as(ROOT)(layer, { method: "DELETE" })).status, 202);
    for (const host of hostsOf(world)) {
      for (const path of [byTag, byDigest, layer]) assertEquals(await world.get(host, path), "404", path);
      assertEquals(await world.get(host, config), `200 ${EMPTY_DESCRIPTOR.digest}`);
    }
  });
}
