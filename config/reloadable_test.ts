import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { ConfigError, loadConfig } from "./config.ts";
import { reloadOf } from "./reloadable.ts";
import { SETTINGS } from "./settings.ts";
import { HASH } from "./testing/access_config.ts";

const AUTH = { url: "https://registry.example", users: { alice: HASH } };
const FASTLY = { SKERRY_PURGE_TOKEN: "secret" };

function configOf(auth?: object, more: Record<string, string> = {}) {
  return loadConfig({ ...(auth && { SKERRY_AUTH: JSON.stringify(auth) }), ...more });
}

function publicOf(face: object): Record<string, string> {
  return { SKERRY_PUBLIC: JSON.stringify(face) };
}

Deno.test("reloadOf() takes reloadable settings, keeps the others, and names both without values", async () => {
  const before = await configOf(AUTH, { SKERRY_GRACE: "24h", SKERRY_LOG_PROBES: "off" });
  const auth = { ...AUTH, users: {}, limits: { failedLogins: 9 } };
  const after = await configOf(auth, { SKERRY_GRACE: "48h", SKERRY_LOG_PROBES: "on", PORT: "9" });
  const { config, changed, kept } = reloadOf(before, after);
  assertEquals(changed.toSorted(), ["auth.limits", "auth.users", "logProbes"]);
  assertEquals(kept.toSorted(), ["grace", "port"]);
  assertEquals(config, { ...after, grace: before.grace, port: before.port });
});

Deno.test("reloadOf() finds no change between equal configurations", async () => {
  const [before, after] = [await configOf(AUTH), await configOf(AUTH)];
  assertEquals(reloadOf(before, after), { config: before, changed: [], kept: [] });
});

Deno.test("reloadOf() neither begins nor ends authentication", async () => {
  const [open, closed] = [await configOf(), await configOf(AUTH)];
  assertEquals(reloadOf(closed, open), { config: closed, changed: [], kept: ["auth"] });
  assertEquals(reloadOf(open, closed), { config: open, changed: [], kept: ["auth"] });
});

Deno.test("reloadOf() takes other rules of signatures, and does not remove the last one", async () => {
  const rules = (name: string) => ({
    SKERRY_VERIFY: JSON.stringify([{ name, repositories: ["**"], keys: { release: "release.pub" } }]),
  });
  const [none, one, other] = [
    await configOf(),
    await configOf(undefined, rules("one")),
    await configOf(undefined, rules("other")),
  ];
  assertEquals(reloadOf(none, one), { config: one, changed: ["verify"], kept: [] });
  assertEquals(reloadOf(one, other), { config: other, changed: ["verify"], kept: [] });
  assertEquals(reloadOf(one, none), { config: one, changed: [], kept: ["verify"] });
});

Deno.test("reloadOf() takes another public endpoint, but not other purges", async () => {
  const purge = { fastly: "SU1Z0" };
  const face = { hosts: ["a.example"], cdn: "fastly", purge };
  const before = await configOf(undefined, { ...publicOf(face), ...FASTLY });
  const moved = await configOf(undefined, { ...publicOf({ ...face, hosts: ["b.example"] }), ...FASTLY });
  assertEquals(reloadOf(before, moved), { config: moved, changed: ["public.hosts"], kept: [] });
  const other = { ...face, hosts: ["b.example"], purge: { fastly: "XYZ12" } };
  const purged = await configOf(undefined, { ...publicOf(other), ...FASTLY });
  assertEquals(reloadOf(before, purged), {
    config: moved,
    changed: ["public.hosts"],
    kept: ["public.purge"],
  });
  const none = await configOf(undefined, FASTLY);
  assertEquals(reloadOf(before, none), { config: before, changed: [], kept: ["public"] });
});

Deno.test("reloadOf() refuses a value that contradicts one that stays", async () => {
  const before = await configOf(AUTH);
  const after = await configOf(undefined, publicOf({ hosts: ["registry.example"] }));
  const { message } = assertThrows(() => reloadOf(before, after), ConfigError);
  assertStringIncludes(message, "public.hosts.0");
});

Deno.test("reloadOf() decides about every setting", async () => {
  // With both files of TLS, because neither can be turned on or off.
  const files = { tlsCert: "chain.pem", tlsKey: "key.pem" };
  const config = { ...await configOf(AUTH, publicOf({ hosts: ["a.example"] })), ...files };
  const keys = Object.keys(SETTINGS).filter((key) => key !== "auth" && key !== "public");
  for (const key of keys) {
    const { changed, kept, config: taken } = reloadOf(config, { ...config, [key]: "another" });
    assertEquals([...changed, ...kept], [key]);
    assertEquals(taken[key as keyof typeof taken] === "another" as unknown, changed.length === 1, key);
  }
});
