/** TLS of the real process: see docs/operations.md. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { AUTHORITY, EXPIRED, VALID } from "../../cli/doctor/testing/certificates.ts";
import { OTHER, OTHER_AUTHORITY } from "../../process/connections/testing/other_certificate.ts";
import { startRegistry } from "../harness/registry_process.ts";
import { runMain, until, withFolder } from "./run_main.ts";
import { untilOpenAt } from "./tls_client.ts";

const REFUSED = "Cannot reload the configuration: the previous one stays in use";

async function write(folder: string, { cert, key }: { cert: string; key: string }): Promise<void> {
  await Deno.writeTextFile(`${folder}/key.pem`, key);
  await Deno.writeTextFile(`${folder}/cert.pem`, cert);
}

function settings(folder: string): Record<string, string> {
  return { SKERRY_TLS_CERT: `${folder}/cert.pem`, SKERRY_TLS_KEY: `${folder}/key.pem`, SKERRY_LOG: "json" };
}

/** Body of an answer on a new connection. */
async function ask(port: number, caCerts: string[]): Promise<string> {
  using client = Deno.createHttpClient({ caCerts });
  const response = await fetch(`https://localhost:${port}/readyz`, { client });
  return await response.text();
}

for (const workers of [1, 2]) {
  Deno.test(`main replaces its certificate in ${workers} process(es), and loses no request`, async () => {
    await withFolder(async (folder) => {
      await write(folder, VALID);
      await using registry = await startRegistry({
        env: { ...settings(folder), SKERRY_WORKERS: `${workers}` },
        isLive: untilOpenAt,
      });
      const { port, log } = registry;
      await until(async () => await ask(port, [AUTHORITY]).catch(() => "") === "ok\n");
      let over = false;
      let count = 0;
      const clients = Array.from({ length: 4 }, async () => {
        for (; !over; count++) assertEquals(await ask(port, [AUTHORITY, OTHER_AUTHORITY]), "ok\n");
      });
      for (
        const [pair, trusted, other] of [[OTHER, OTHER_AUTHORITY, AUTHORITY], [
          VALID,
          AUTHORITY,
          OTHER_AUTHORITY,
        ]] as const
      ) {
        const { length } = log().split("Configuration reloaded");
        await write(folder, pair);
        Deno.kill(registry.pid, "SIGHUP");
        await until(() =>
          log().split("Configuration reloaded").length > length && log().includes("TLS certificate replaced")
        );
        for (let i = 0; i < 8; i++) {
          assertEquals(await ask(port, [trusted]), "ok\n");
          await assertRejects(() => ask(port, [other]), TypeError);
        }
      }
      // What cannot be used changes nothing.
      for (const bad of [EXPIRED, { cert: VALID.cert, key: OTHER.key }, { cert: "", key: "" }]) {
        const { length } = log().split(REFUSED);
        await write(folder, bad);
        await until(() => log().split(REFUSED).length > length);
        assertEquals(await ask(port, [AUTHORITY]), "ok\n");
      }
      over = true;
      await Promise.all(clients);
      assert(count > 0);
    });
  });
}

Deno.test("main does not start with a certificate that it cannot use", async () => {
  await withFolder(async (folder) => {
    const cases = [
      [EXPIRED, "has expired"],
      [{ cert: VALID.cert, key: OTHER.key }, "is not the key of the certificate"],
    ] as const;
    for (const [pair, expected] of cases) {
      await write(folder, pair);
      const { code, stderr } = await runMain({ ...settings(folder), SKERRY_DATA: `${folder}/data` });
      assertEquals(code, 1);
      assertStringIncludes(stderr, expected);
    }
    const { code, stderr } = await runMain({ SKERRY_TLS_CERT: `${folder}/cert.pem` });
    assertEquals(code, 1);
    assertStringIncludes(stderr, "tlsKey");
  });
});

Deno.test("skerry ready asks a registry with TLS, whose certificate names no address", async () => {
  await withFolder(async (folder) => {
    await write(folder, VALID);
    const env = settings(folder);
    await using registry = await startRegistry({ env, isLive: untilOpenAt });
    const { code, stdout } = await runMain({ ...env, HOST: "127.0.0.1", PORT: `${registry.port}` }, "ready");
    assertEquals([code, stdout], [0, "ok\n"]);
  });
});
