import { assert, assertEquals, assertRejects } from "@std/assert";
import { startRegistry } from "./registry_process.ts";

Deno.test("startRegistry() gives a registry that answers until it is disposed of", async () => {
  let url: string, data: string, status: Promise<Deno.CommandStatus>;
  {
    await using registry = await startRegistry();
    ({ url, data, status } = registry);
    const response = await fetch(`${url}/v2/`);
    await response.body?.cancel();
    assertEquals(response.status, 200);
    assert((await Deno.stat(data)).isDirectory);
  }
  assertEquals((await status).success, true, "SIGINT must end it gracefully");
  await assertRejects(() => fetch(`${url}/v2/`), TypeError);
  await assertRejects(() => Deno.stat(data), Deno.errors.NotFound);
});

Deno.test("startRegistry() leaves the data folder that its caller gave it", async () => {
  const data = await Deno.makeTempDir();
  {
    await using registry = await startRegistry({ data });
    assertEquals(registry.data, data);
    const { signal } = await registry.kill();
    assertEquals(signal, "SIGKILL");
  }
  await Deno.remove(data, { recursive: true });
});

Deno.test("startRegistry() throws with the registry's log when it does not come up", async () => {
  await assertRejects(
    () => startRegistry({ env: { SKERRY_REFERENCES: "loose" } }),
    Error,
    "SKERRY_REFERENCES",
  );
});
