import { assertEquals } from "@std/assert";
import { Fuzzer } from "./fuzzer.ts";

/** Problems, and busy requests, of one request to a server that answers with these statuses, the last one for ever. */
async function fuzz(...statuses: number[]) {
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
    const [status] = statuses.length > 1 ? statuses.splice(0, 1) : statuses;
    return new Response("x\n", {
      status: status!,
      headers: { "Content-Type": "text/plain; charset=utf-8", "X-Request-Id": `a-${statuses.length}` },
    });
  });
  const { port } = server.addr;
  const live = () => ({ method: "GET", path: "/livez", query: [], fields: [], framing: "length" as const });
  const fuzzer = new Fuzzer(
    [{ host: `127.0.0.1:${port}`, port, pid: Deno.pid }],
    live,
    { kept: [], scratch: [], scratchUploads: [] },
    { tries: 3, pause: 1 },
  );
  await fuzzer.run(0, 1, 1);
  return { problems: fuzzer.problems.map((problem) => problem.split("\n")[0]), busy: fuzzer.busyIds };
}

Deno.test("Fuzzer repeats a request that is answered with 503", async () => {
  assertEquals(await fuzz(503, 503, 200), { problems: [], busy: ["a-2", "a-1"] });
});

Deno.test("Fuzzer tells of a 503 that stays, and of a 500 at once", async () => {
  const busy = ["a-1", "a-1"];
  assertEquals(await fuzz(503), { problems: ["Request 0 (length): Got status 503"], busy });
  assertEquals(await fuzz(500), { problems: ["Request 0 (length): Got status 500"], busy: [] });
});
