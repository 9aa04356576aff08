import { assertEquals, assertMatch } from "@std/assert";
import { ownUrl, ready } from "./ready.ts";

/** Exit code and lines of `skerry ready` at a registry that answers like this. */
async function askOne(answer: (path: string) => Response): Promise<{ code: number; lines: string[] }> {
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => answer(new URL(request.url).pathname),
  );
  const lines: string[] = [];
  const code = await ready(`http://127.0.0.1:${server.addr.port}/ignored`, (line) => lines.push(line));
  return { code, lines };
}

Deno.test("ready() returns 0 for a ready registry and prints its warnings", async () => {
  const text = "ok\nwarning: garbage collection is too slow\n";
  const result = await askOne((path) => new Response(path === "/readyz" ? text : "no"));
  assertEquals(result, { code: 0, lines: [text.trimEnd()] });
});

Deno.test("ready() returns 1 for a registry that is not ready", async () => {
  const result = await askOne(() => new Response("unavailable\n", { status: 503 }));
  assertEquals(result, { code: 1, lines: ["unavailable"] });
});

Deno.test("ready() returns 1 and the reason if no process listens", async () => {
  const lines: string[] = [];
  assertEquals(await ready("http://127.0.0.1:1", (line) => lines.push(line)), 1);
  assertMatch(lines[0]!, /^Cannot reach http:\/\/127\.0\.0\.1:1: /);
});

Deno.test("ownUrl() is an address that a client on the same machine can use", () => {
  assertEquals(ownUrl({ host: "0.0.0.0", port: 8000 }), "http://127.0.0.1:8000");
  assertEquals(ownUrl({ host: "::", port: 8000 }), "http://[::1]:8000");
  assertEquals(ownUrl({ host: "192.0.2.1", port: 80 }), "http://192.0.2.1:80");
});
