import { assertEquals } from "@std/assert";
import { startHaproxy } from "./haproxy.ts";

/** A server that says its name, and takes whatever is sent to it. */
function startNamed(name: string) {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    return new Response(`${name} ${(await request.bytes()).length}`);
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

async function ask(url: string): Promise<string> {
  const response = await fetch(url);
  return `${response.status} ${await response.text()}`;
}

Deno.test("startHaproxy() sends each request to another backend than the one before", async () => {
  await using a = startNamed("a");
  await using b = startNamed("b");
  await using c = startNamed("c");
  await using haproxy = await startHaproxy([a.url, b.url, c.url]);
  const answers: string[] = [];
  for (let i = 0; i < 7; i++) answers.push(await ask(`${haproxy.url}/x?n=${i}`));
  assertEquals(answers, ["200 a 0", "200 b 0", "200 c 0", "200 a 0", "200 b 0", "200 c 0", "200 a 0"]);
  while (haproxy.requests().length < 7) await new Promise((resolve) => setTimeout(resolve, 20));
  const requests = haproxy.requests();
  assertEquals(requests.map(({ backend }) => backend), [0, 1, 2, 0, 1, 2, 0]);
  assertEquals(requests.map(({ target }) => target), answers.map((_, i) => `/x?n=${i}`));
  assertEquals(requests.every(({ method, status }) => method === "GET" && status === 200), true);
});

Deno.test("startHaproxy() hands on a body as it comes", async () => {
  await using a = startNamed("a");
  await using haproxy = await startHaproxy([a.url]);
  const body = new Uint8Array(5_000_000);
  const sized = await fetch(haproxy.url, { method: "PUT", body });
  assertEquals(await sized.text(), "a 5000000");
  const streamed = await fetch(haproxy.url, { method: "PUT", body: new Blob([body]).stream() });
  assertEquals(await streamed.text(), "a 5000000");
});

Deno.test("startHaproxy() skips a backend that refuses connections", async () => {
  await using a = startNamed("a");
  let gone = "";
  {
    await using b = startNamed("b");
    gone = b.url;
  }
  await using haproxy = await startHaproxy([a.url, gone]);
  for (let i = 0; i < 4; i++) assertEquals(await ask(haproxy.url), "200 a 0");
});
