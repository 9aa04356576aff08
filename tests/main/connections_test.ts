import { assertEquals, assertStringIncludes } from "@std/assert";
import { freePort } from "../harness/ports.ts";
import { startRegistry } from "../harness/registry_process.ts";
import { pushHello } from "./run_main.ts";

/** Connections that send nothing; those that are refused are not among them. */
async function silentConnections({ port }: { port: number }, count: number): Promise<Disposable> {
  const connections: Deno.Conn[] = [];
  for (let number = 0; number < count; number++) {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port }).catch(() => undefined);
    if (connection !== undefined) connections.push(connection);
  }
  return { [Symbol.dispose]: () => connections.forEach((connection) => connection.close()) };
}

/** Tries again while the connection is among those that are closed to make room. */
async function onceConnected(attempt: () => Promise<void>): Promise<void> {
  for (let left = 20;; left--) {
    try {
      return await attempt();
    } catch (error) {
      if (left === 0 || !(error instanceof TypeError)) throw error;
    }
  }
}

for (
  const [known, permissions] of [
    ["it knows", ["--allow-all"]],
    ["it may not ask for", ["--no-prompt", "--allow-env", "--allow-net", "--allow-read", "--allow-write"]],
  ] as const
) {
  Deno.test(`main goes on when silent connections reach a limit of files that ${known}`, async () => {
    await using registry = await startRegistry({ descriptors: 128, permissions });
    // With the files of its storage open: without them it ends, for a supervisor to start it again.
    await pushHello(registry.url);
    using _silent = await silentConnections(registry, 400);
    await onceConnected(() => pushHello(registry.url));
    await pushHello(registry.url);
    const exhausted = registry.log().includes("Cannot accept connections: too many open files");
    assertEquals(exhausted, known !== "it knows", registry.log());
  });
}

Deno.test("main exits with 1 when the platform's listener ends, so that its supervisor restarts it", async () => {
  const port = freePort();
  await using registry = await startRegistry({
    port,
    descriptors: 128,
    env: { DENO_SERVE_ADDRESS: `tcp:127.0.0.1:${port}` },
  });
  using _silent = await silentConnections(registry, 400);
  assertEquals((await registry.status).code, 1);
  assertStringIncludes(registry.log(), "Cannot accept connections any more: exiting with 1");
});
