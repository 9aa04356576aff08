/** A disk that takes a second for each sync of the table: only writes wait for it. */
import { assertEquals, assertGreater } from "@std/assert";
import { tool } from "../tools/tool.ts";
import { blob } from "./content.ts";
import { withTracedRegistry } from "./traced_registry.ts";
import { send } from "./wire.ts";

Deno.test("probes and pulls are answered while a write waits for the disk", async () => {
  const strace = await tool("strace");
  const folder = await Deno.makeTempDir({ prefix: "skerry-slow-" });
  const data = `${folder}/data`;
  // Only calls on this file are traced, and so delayed.
  const delay = ["-P", `${data}/table.sqlite-wal`, "-e", "inject=fsync,fdatasync:delay_enter=1000000"];
  await withTracedRegistry(strace, data, async (url) => {
    const { digest, bytes } = blob(0, 100, "sha256");
    const pushed = await send(url, "POST", `/v2/one/blobs/uploads/?digest=${digest}`, { body: bytes() });
    assertEquals(pushed.status, 201);

    let isPending = true;
    const mounted = send(url, "POST", `/v2/two/blobs/uploads/?mount=${digest}&from=one`, {})
      .finally(() => isPending = false);
    let rounds = 0; // in which the write was not visible
    while (isPending) {
      assertEquals((await send(url, "GET", "/livez", {})).status, 200);
      assertEquals((await send(url, "GET", `/v2/one/blobs/${digest}`, {})).status, 200);
      const { status } = await send(url, "GET", `/v2/two/blobs/${digest}`, {});
      if (status === 404) rounds++;
    }
    assertEquals((await mounted).status, 201);
    // A few come before the commit begins, and would be answered if the whole process waited for the disk.
    assertGreater(rounds, 5);
  }, delay);
  await Deno.remove(folder, { recursive: true });
});
