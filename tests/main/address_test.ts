/** The registry where the platform decides on the address (`DENO_SERVE_ADDRESS`), as Deno Deploy does. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { freePort } from "../harness/ports.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));

/** Runs `test` while the registry listens, and returns its log. */
async function whileServing(env: Record<string, string>, test: () => Promise<void>): Promise<string> {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", MAIN],
    env: { DENO_DEPLOY: "1", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let log = "";
  let tested: Promise<void> | undefined;
  for await (const text of process.stdout.pipeThrough(new TextDecoderStream())) {
    log += text;
    if (!log.includes("Listening on ")) continue;
    tested ??= test().finally(() => process.kill("SIGINT"));
  }
  await tested;
  assertEquals((await process.status).code, 0, log);
  return log;
}

/** The first line of the answer to `GET /v2/`. */
async function statusLine(connecting: Promise<Deno.Conn>): Promise<string> {
  using connection = await connecting;
  await connection.write(
    new TextEncoder().encode("GET /v2/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
  );
  return (await new Response(connection.readable).text()).split("\r\n")[0]!;
}

const tcp = (port: number) => Deno.connect({ hostname: "127.0.0.1", port });

Deno.test("main serves on a Unix socket that the platform names", async () => {
  const folder = await Deno.makeTempDir({ prefix: "skerry-" });
  const path = `${folder}/socket`;
  const log = await whileServing({ DENO_SERVE_ADDRESS: `unix:${path}` }, async () => {
    assertEquals(await statusLine(Deno.connect({ transport: "unix", path })), "HTTP/1.1 200 OK");
  });
  assertStringIncludes(log, `Listening on unix:${path}`);
  assertStringIncludes(log, "Authentication is off: anyone who can reach 0.0.0.0 can push and delete");
  await Deno.remove(folder, { recursive: true });
});

Deno.test("main serves on a TCP address that the platform names", async () => {
  const port = freePort();
  const log = await whileServing({ DENO_SERVE_ADDRESS: `tcp:127.0.0.1:${port}` }, async () => {
    assertEquals(await statusLine(tcp(port)), "HTTP/1.1 200 OK");
  });
  assertStringIncludes(log, `Listening on http://127.0.0.1:${port}`);
});

Deno.test("main serves on its own address as well where the platform asks for both", async () => {
  const [platform, own] = [freePort(), freePort()];
  const env = { DENO_SERVE_ADDRESS: `duplicate,tcp:127.0.0.1:${platform}`, PORT: `${own}` };
  await whileServing(env, async () => {
    assertEquals(await statusLine(tcp(platform)), "HTTP/1.1 200 OK");
    assertEquals(await statusLine(tcp(own)), "HTTP/1.1 200 OK");
  });
});
