/**
 * Parts of tests that start `main.ts`.
 *
 * @module
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { requestHead, WireConnection } from "../harness/wire.ts";

export const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));
export const DIGEST = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"; // of "hello"

/** Exit code and output of a process that ends by itself. */
export async function runMain(
  env: Record<string, string>,
  ...command: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", MAIN, ...command],
    env: { PORT: "0", ...env },
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Runs `test` with a temporary folder. */
export async function withFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "skerry-" });
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Starts an upload and returns its URL. */
export async function startUpload(url: string): Promise<string> {
  const response = await fetch(`${url}/v2/a/blobs/uploads/`, { method: "POST" });
  await response.body?.cancel();
  assertEquals(response.status, 202);
  return new URL(response.headers.get("Location")!, url).href;
}

export async function pushHello(url: string): Promise<void> {
  const response = await fetch(`${await startUpload(url)}?digest=${DIGEST}`, {
    method: "PUT",
    body: "hello",
  });
  await response.body?.cancel();
  assertEquals(response.status, 201);
}

/** Maximum milliseconds of {@linkcode until}: far more than a busy machine needs. */
const UNTIL_MS = 120_000;

/**
 * Waits until `condition` is true.
 *
 * @throws {Error} if it is not true in two minutes.
 */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + UNTIL_MS;
  while (!await condition()) {
    if (performance.now() > deadline) throw new Error(`Not true in two minutes: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/**
 * Begins a request whose body waits. The server says "100 Continue" when the request is on its way to its handler, so
 * the server has begun to handle it.
 */
export async function beginRequest(method: string, target: string, length: number): Promise<WireConnection> {
  const { hostname, port, host, pathname, search } = new URL(target);
  const connection = new WireConnection(await Deno.connect({ hostname, port: Number(port) }));
  await connection.send(requestHead(method, pathname + search, {
    Host: host,
    "Content-Length": `${length}`,
    Expect: "100-continue",
  }));
  assertStringIncludes(await connection.receive(), "100 Continue");
  return connection;
}
