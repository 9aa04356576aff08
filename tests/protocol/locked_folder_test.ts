/** A process that stands still in the middle of a write holds SQLite's lock: the others of the folder must live on. */
import { DatabaseSync } from "node:sqlite";
import { assertEquals, assertMatch } from "@std/assert";
import { startRegistry } from "../harness/registry_process.ts";

const DIGEST = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"; // of "hello"

Deno.test("a push is answered 503 and probes and pulls go on when another process holds the lock", async () => {
  await using registry = await startRegistry();
  const { url } = registry;
  const push = async (repository: string) => {
    const response = await fetch(`${url}/v2/${repository}/blobs/uploads/?digest=${DIGEST}`, {
      method: "POST",
      body: "hello",
    });
    return { status: response.status, text: await response.text() };
  };
  const pull = async (path: string) => {
    const response = await fetch(`${url}${path}`);
    await response.body?.cancel();
    return response.status;
  };
  assertEquals((await push("a")).status, 201);

  using db = new DatabaseSync(`${registry.data}/table.sqlite`);
  db.exec("BEGIN IMMEDIATE");
  let isPending = true;
  const pushed = push("b").finally(() => isPending = false);
  let rounds = 0;
  // Were the event loop held up, none of these would be answered before the push is.
  while (isPending && rounds < 100) {
    assertEquals(await pull("/livez"), 200);
    assertEquals(await pull(`/v2/a/blobs/${DIGEST}`), 200);
    rounds++;
  }
  assertEquals(rounds, 100);
  const { status, text } = await pushed;
  assertEquals(status, 503);
  assertMatch(text, /cannot reach its storage/);

  db.exec("COMMIT");
  assertEquals((await push("b")).status, 201);
});
