import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { readSettings } from "../../config/mod.ts";
import { startOptions } from "./start_options.ts";
import { OidcIssuer } from "../../tests/harness/oidc_issuer.ts";
import { freePort } from "../../tests/harness/ports.ts";
import { type RegistryProcess, startRegistry } from "../../tests/harness/registry_process.ts";
import { ADMINISTRATOR, authSetting, basic } from "../../tests/harness/secured.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const DIGEST = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"; // of "hello"

/** The permissions that `deno task start` gives with this environment; the access map counts only by its presence. */
function permissionsFor({ SKERRY_AUTH, ...environment }: Record<string, string>): string[] {
  const config = readSettings(environment)!;
  return ["--no-prompt", ...startOptions({ ...config, ...(SKERRY_AUTH && { auth: {} as never }) }, ROOT)];
}

async function pushAndPull({ url }: RegistryProcess, credentials?: { username: string; password: string }) {
  const headers = credentials === undefined ? {} : { Authorization: basic(credentials) };
  const push = await fetch(`${url}/v2/a/blobs/uploads/?digest=${DIGEST}`, {
    method: "POST",
    body: "hello",
    headers,
  });
  assertEquals([push.status, await push.text()], [201, ""]);
  const pull = await fetch(`${url}/v2/a/blobs/${DIGEST}`, { headers });
  assertEquals([pull.status, await pull.text()], [200, "hello"]);
}

Deno.test("startOptions() lets a registry in a folder write only there, and read only necessary paths", () => {
  const config = readSettings({ SKERRY_DATA: "/srv/skerry/data" })!;
  assertEquals(startOptions(config, "/opt/skerry/"), [
    "--allow-env",
    "--allow-net",
    "--allow-read=/opt/skerry/,/srv/skerry/data,/srv/skerry",
    "--allow-write=/srv/skerry/data",
  ]);
  const odd = startOptions({ ...config, data: "/srv/a,b" }, "/opt/skerry/");
  assertEquals(odd.slice(2), ["--allow-read", "--allow-write"], "a comma would separate two paths");
});

Deno.test("startOptions() lets a registry in memory or at AWS write nothing", () => {
  for (const storage of ["memory", "aws"] as const) {
    const options = startOptions({ storage, data: "./data" }, "/opt/skerry/");
    assertEquals(options.filter((option) => option.startsWith("--allow-write")), []);
  }
});

Deno.test("startOptions() is enough to push and pull without authentication", async () => {
  const data = await Deno.makeTempDir({ prefix: "skerry-" });
  {
    await using registry = await startRegistry({ data, permissions: permissionsFor({ SKERRY_DATA: data }) });
    await pushAndPull(registry);
    assertEquals(await (await fetch(`${registry.url}/readyz`)).text(), "ok\n");
  }
  await Deno.remove(data, { recursive: true });
});

Deno.test("startOptions() is enough for passwords and for the tokens of an OpenID Connect issuer", async () => {
  await using issuer = await OidcIssuer.start({ audience: "skerry" });
  const port = freePort();
  const env = await authSetting(port, {
    policies: [{
      repositories: ["**"],
      allow: [{ to: ["workload:test"], actions: ["pull", "push"] }],
    }],
    issuers: [{ name: "test", issuer: issuer.url, audiences: ["skerry"] }],
  });
  const data = await Deno.makeTempDir({ prefix: "skerry-" });
  {
    const permissions = permissionsFor({ SKERRY_DATA: data, ...env });
    await using registry = await startRegistry({ port, data, env, permissions });
    await pushAndPull(registry, ADMINISTRATOR);
    await pushAndPull(registry, { username: "test", password: await issuer.mint({}) });
  }
  await Deno.remove(data, { recursive: true });
});
