// The example of docs/embed.md, run as it is written there.
import { assertEquals } from "@std/assert";
import manifest from "../deno.json" with { type: "json" };
import { EMPTY, imageOf, pushBlob, pushManifest } from "../tests/harness/content.ts";

/** The default export of the example. */
async function runExample(): Promise<{ request(path: string, init?: RequestInit): Promise<Response> }> {
  const page = await Deno.readTextFile(new URL("embed.md", import.meta.url));
  const code = /```ts\n(.*?)```/s.exec(page)![1]!;
  // The package by its name, as an outer project imports it.
  const exported = new URL(`../${manifest.exports["."]}`, import.meta.url).href;
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    const hono = import.meta.resolve("hono");
    await Deno.writeTextFile(
      file,
      code.replace(`"${manifest.name}"`, `"${exported}"`).replace('"hono"', `"${hono}"`),
    );
    return (await import(new URL(file, "file:///").href)).default;
  } finally {
    await Deno.remove(file);
  }
}

Deno.test("docs/embed.md shows an app that takes a push and a pull beside its own pages, without a server", async () => {
  const app = await runExample();
  const lines: unknown[][] = [];
  const { log } = console;
  console.log = (...line: unknown[]) => void lines.push(line);
  try {
    const send = async (path: string, init?: RequestInit) => await app.request(path, init);
    const image = imageOf("embedded");
    await pushBlob(send, "hello", EMPTY);
    await pushManifest(send, "hello", image, "latest");
    const pulled = await send("/v2/hello/manifests/latest");
    assertEquals(pulled.headers.get("Docker-Content-Digest"), image.digest);
    assertEquals(await pulled.bytes(), image.bytes);
    const list = await send("/v2/hello/tags/list");
    assertEquals(await list.json(), { name: "hello", tags: ["latest"] });
    assertEquals(lines.at(-1)?.slice(0, 3), ["GET", "/v2/hello/tags/list", 200]);
    assertEquals(await (await send("/")).text(), "The home page of another app");
    assertEquals(await (await send("/about")).text(), "Another page");
    assertEquals((await send("/nowhere")).headers.has("X-Request-Id"), false);
  } finally {
    console.log = log;
  }
});
