import { assertEquals } from "@std/assert";
import { loadConfig } from "./config.ts";
import { readSettings } from "./environment.ts";
import { problemsOf, withFile } from "./testing/load_config.ts";

/** The problem of a public endpoint with these fields, as the variable has them. */
async function problemOf(fields: unknown, auth?: unknown): Promise<string | undefined> {
  const environment = {
    SKERRY_PUBLIC: JSON.stringify(fields),
    ...(auth !== undefined && { SKERRY_AUTH: JSON.stringify(auth) }),
  };
  return (await problemsOf(environment))[0];
}

Deno.test("loadConfig() reads the public endpoint from the variable and from the file", async () => {
  const { public: absent } = await loadConfig({});
  assertEquals(absent, undefined);
  const given = await loadConfig({ SKERRY_PUBLIC: '{"hosts": ["Pull.Example.com", "127.0.0.1", "a"]}' });
  assertEquals(given.public, {
    hosts: ["pull.example.com", "127.0.0.1", "a"],
    cdn: "standard",
    digestTtl: 86_400_000,
    tagTtl: 0,
  });
  await withFile(
    "public: { hosts: [pull.example.com], cdn: deno, digestTtl: 0, tagTtl: 10s }",
    async (path) => {
      const { public: face } = await loadConfig({ SKERRY_CONFIG: path });
      assertEquals(face, { hosts: ["pull.example.com"], cdn: "deno", digestTtl: 0, tagTtl: 10_000 });
    },
  );
  assertEquals(readSettings({ SKERRY_PUBLIC: '{"hosts": ["a"]}' }), undefined, "needs the schema");
});

Deno.test("loadConfig() refuses hosts that no request can name", async () => {
  for (
    const host of [
      "",
      "pull.example.com:443",
      "https://pull.example.com",
      "a/b",
      "*.example.com",
      "a..b",
      " a",
    ]
  ) {
    assertEquals(
      await problemOf({ hosts: [host] }),
      'public.hosts[0] (SKERRY_PUBLIC): Expected a host name such as "pull.example.com", without a port, got ' +
        JSON.stringify(host),
    );
  }
  assertEquals(
    await problemOf({ hosts: [] }),
    "public.hosts (SKERRY_PUBLIC): Expected a list of 1 to 100 host names, got []",
  );
  assertEquals(
    await problemOf({ hosts: ["a"], tagTtl: "2m" }),
    'public.tagTtl (SKERRY_PUBLIC): Expected a duration from 0 to 1m, such as "90s", "15m" or "24h", got "2m"',
  );
  assertEquals(await problemOf({ hosts: ["a"], host: "b" }), "public.host (SKERRY_PUBLIC): No such setting");
  assertEquals(
    (await problemsOf({ SKERRY_PUBLIC: "pull.example.com" }))[0],
    'public (SKERRY_PUBLIC): Expected a map in JSON, got "pull.example.com"',
  );
});

Deno.test("loadConfig() refuses a public endpoint at the main host, or with an external token server", async () => {
  const url = "https://registry.example.com:8443";
  assertEquals(
    await problemOf({ hosts: ["pull.example.com", "Registry.example.com"] }, { url }),
    'public.hosts[1] (SKERRY_PUBLIC): "registry.example.com" is the host of "auth.url"',
  );
  const external = { realm: "https://token.test", issuer: "i", service: "s", keys: "keys.json" };
  assertEquals(
    await problemOf({ hosts: ["pull.example.com"] }, { url, external }),
    'public (SKERRY_PUBLIC): Cannot be combined with "auth.external"',
  );
});

Deno.test("loadConfig() reads the shared cache to purge, one with the headers that it reads", async () => {
  const purgeOf = async (fields: Record<string, unknown>, env: Record<string, string> = {}) => {
    const face = { hosts: ["a"], ...fields };
    return (await loadConfig({ SKERRY_PUBLIC: JSON.stringify(face), ...env })).public?.purge;
  };
  const token = { SKERRY_PURGE_TOKEN: "secret" };
  assertEquals(await purgeOf({ purge: { varnish: ["http://10.0.0.5:6081/"] } }), {
    varnish: ["http://10.0.0.5:6081"],
  });
  assertEquals(await purgeOf({ purge: { cloudfront: "E2QWRUHAPOMQZL" } }), { cloudfront: "E2QWRUHAPOMQZL" });
  assertEquals(await purgeOf({ cdn: "fastly", purge: { fastly: "SU1Z0" } }, token), { fastly: "SU1Z0" });
  assertEquals(await purgeOf({ cdn: "cloudflare", purge: { cloudflare: "023e" } }, token), {
    cloudflare: "023e",
  });
  assertEquals(await purgeOf({ cdn: "deno", purge: { deno: true } }), { deno: true });
});

Deno.test("loadConfig() refuses purges that cannot work", async () => {
  const kinds = "Expected a map with one of varnish, fastly, cloudflare, cloudfront and deno";
  const problem = (fields: Record<string, unknown>) => problemOf({ hosts: ["a"], ...fields });
  assertEquals(await problem({ purge: {} }), `public.purge (SKERRY_PUBLIC): ${kinds}, got {}`);
  assertEquals(
    await problem({ purge: { fastly: "a", deno: true } }),
    `public.purge (SKERRY_PUBLIC): ${kinds}, got {"fastly":"a","deno":true}`,
  );
  assertEquals(
    await problem({ purge: { deno: true } }),
    'public.purge (SKERRY_PUBLIC): "deno" needs "cdn: deno"',
  );
  assertEquals(
    await problem({ purge: { cloudfront: "../../other" } }),
    'public.purge.cloudfront (SKERRY_PUBLIC): Expected an id such as "E2QWRUHAPOMQZL", got "../../other"',
  );
  assertEquals(
    await problem({ purge: { varnish: ["file:///etc"] } }),
    'public.purge.varnish[0] (SKERRY_PUBLIC): Expected a URL such as "https://s3.example.com", got "file:///etc"',
  );
  assertEquals(
    await problem({ cdn: "fastly", purge: { fastly: "SU1Z0" } }),
    'purgeToken (SKERRY_PURGE_TOKEN): Must be set, or "purgeTokenFile", for the purges of "public.purge"',
  );
});
