import { assertEquals } from "@std/assert";
import { loadConfig } from "./config.ts";
import { readSettings } from "./settings.ts";
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
