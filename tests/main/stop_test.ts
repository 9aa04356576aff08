import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { createHash } from "node:crypto";
import { startRegistry } from "../harness/registry_process.ts";
import { beginRequest, DIGEST, startUpload, until, withFolder } from "./run_main.ts";

/** Pushes more than the sockets between us hold. */
async function pushLarge(url: string): Promise<{ digest: string; blob: Uint8Array }> {
  const blob = new Uint8Array(32 * 1_048_576);
  const digest = `sha256:${createHash("sha256").update(blob).digest("hex")}`;
  const push = await fetch(`${await startUpload(url)}?digest=${digest}`, { method: "PUT", body: blob });
  await push.body?.cancel();
  return { digest, blob };
}

Deno.test("main completes a push in progress at a stop, and exits with 0", async () => {
  await withFolder(async (data) => {
    {
      await using registry = await startRegistry({ data });
      const upload = await startUpload(registry.url);
      using push = await beginRequest("PUT", `${upload}?digest=${DIGEST}`, 5);
      const ended = registry.kill("SIGINT");
      await until(() => registry.log().includes('"Shutting down"'));
      const refused = await fetch(`${registry.url}/readyz`); // on the connection that it has
      await refused.body?.cancel();
      assertEquals(refused.status, 503);
      await push.send("hello");
      assertStringIncludes(await push.receive(), "HTTP/1.1 201 ");
      assertEquals((await ended).code, 0);
    }
    await using registry = await startRegistry({ data });
    assertEquals(await (await fetch(`${registry.url}/v2/a/blobs/${DIGEST}`)).text(), "hello");
  });
});

Deno.test("main completes a pull in progress at a stop, and exits with 0", async () => {
  await using registry = await startRegistry();
  const { digest, blob } = await pushLarge(registry.url);
  const pull = await fetch(`${registry.url}/v2/a/blobs/${digest}`);
  const ended = registry.kill("SIGINT");
  await until(() => registry.log().includes('"Shutting down"'));
  assertEquals((await pull.arrayBuffer()).byteLength, blob.length);
  assertEquals((await ended).code, 0);
});

Deno.test("main keeps the received bytes of an upload at a stop, and answers", async () => {
  await withFolder(async (data) => {
    let upload: string;
    {
      await using registry = await startRegistry({ data });
      upload = new URL(await startUpload(registry.url)).pathname;
      using push = await beginRequest("PATCH", registry.url + upload, 1000);
      await push.send("hello");
      const ended = registry.kill("SIGINT");
      const answer = await push.receive();
      assertStringIncludes(answer, "HTTP/1.1 503 ");
      assertMatch(answer, /^retry-after: 1\r$/im);
      assertEquals((await ended).code, 0);
      assertEquals(registry.log().includes("Shutdown timed out"), false);
    }
    await using registry = await startRegistry({ data });
    const status = await fetch(registry.url + upload);
    assertEquals([status.status, status.headers.get("Range")], [204, "0-4"]);
  });
});

Deno.test("main waits after SIGTERM for a push longer than by default with SKERRY_SHUTDOWN_TIMEOUT", async () => {
  const env = { SKERRY_DRAIN: "0", SKERRY_SHUTDOWN_TIMEOUT: "10m" };
  await using registry = await startRegistry({ env });
  using push = await beginRequest("PUT", `${await startUpload(registry.url)}?digest=${DIGEST}`, 5);
  const ended = registry.kill("SIGTERM");
  await until(() => registry.log().includes('"Shutting down"'));
  // By default the registry would have ended by then.
  await new Promise((resolve) => setTimeout(resolve, 5000));
  await push.send("hello");
  assertStringIncludes(await push.receive(), "HTTP/1.1 201 ");
  assertEquals((await ended).code, 0);
  assertEquals(registry.log().includes("Shutdown timed out"), false);
});

Deno.test("main ends a slow manifest push at a stop, and answers", async () => {
  await using registry = await startRegistry();
  using push = await beginRequest("PUT", `${registry.url}/v2/a/manifests/v1`, 1000);
  const ended = registry.kill("SIGINT");
  assertStringIncludes(await push.receive(), "HTTP/1.1 503 ");
  assertEquals((await ended).code, 0);
  assertEquals(registry.log().includes("Shutdown timed out"), false);
});

Deno.test("main aborts requests that do not end in time at a stop, and exits with 0", async () => {
  await using registry = await startRegistry();
  const { digest } = await pushLarge(registry.url);
  const pull = await fetch(`${registry.url}/v2/a/blobs/${digest}`);
  assertEquals((await registry.kill("SIGINT")).code, 0);
  assertStringIncludes(registry.log(), "Shutdown timed out: open requests aborted");
  await assertRejects(() => pull.arrayBuffer());
});

Deno.test("main serves after SIGTERM while it is not ready, then refuses reads, and exits with 0", async () => {
  await using registry = await startRegistry();
  const ask = async (path: string, method = "GET") => {
    const response = await fetch(registry.url + path, { method });
    await response.body?.cancel();
    return [response.status, response.headers.get("Connection")];
  };
  assertEquals(await ask("/readyz"), [200, null]);
  const ended = registry.kill("SIGTERM");
  await until(() => registry.log().includes('"Shutting down"'));
  assertEquals(await ask("/readyz"), [503, "close"]);
  assertEquals(await ask("/v2/"), [200, "close"]);
  assertEquals(await ask("/v2/a/blobs/uploads/", "POST"), [202, "close"]);
  await until(async () => (await ask("/v2/"))[0] === 503);
  assertEquals(await ask("/v2/a/blobs/uploads/", "POST"), [202, "close"]);
  assertEquals((await ended).code, 0);
});

Deno.test("main ends at once at a second signal", async () => {
  await using registry = await startRegistry();
  using push = await beginRequest("PATCH", await startUpload(registry.url), 5);
  const ended = registry.kill("SIGTERM");
  await until(() => registry.log().includes('"Shutting down"'));
  await new Promise((resolve) => setTimeout(resolve, 600));
  Deno.kill(registry.pid, "SIGTERM");
  assertEquals((await ended).code, 1);
  assertEquals(await push.receive(), "");
});

Deno.test("main ignores a second signal that a parent forwards at once", async () => {
  await using registry = await startRegistry();
  using push = await beginRequest("PUT", `${registry.url}/v2/a/manifests/v1`, 1000);
  const ended = registry.kill("SIGINT");
  await until(() => registry.log().includes('"Shutting down"'));
  Deno.kill(registry.pid, "SIGINT");
  assertStringIncludes(await push.receive(), "HTTP/1.1 503 ");
  assertEquals((await ended).code, 0);
});
