// The example of docs/embed.md, run as it is written there.
import { assertEquals, assertMatch } from "@std/assert";
import manifest from "../deno.json" with { type: "json" };
import { FilesystemObjectStore, SqliteTable } from "@skerry/registry";
import { EMPTY, imageOf, pushBlob, pushManifest } from "../tests/harness/content.ts";

/** The first example of the page is an app, the second one a command. */
const [APP, COMMAND] = [0, 1];

/** Module of an example. */
async function runExample<T>(index: number): Promise<T> {
  const page = await Deno.readTextFile(new URL("embed.md", import.meta.url));
  const code = [...page.matchAll(/```ts\n(.*?)```/gs)][index]![1]!;
  // The package by its name, as an outer project imports it.
  const exported = (path: keyof typeof manifest.exports) =>
    new URL(`../${manifest.exports[path]}`, import.meta.url).href;
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(
      file,
      code.replace(`"${manifest.name}"`, `"${exported(".")}"`)
        .replace(`"${manifest.name}/cli"`, `"${exported("./cli")}"`)
        .replace('"hono"', `"${import.meta.resolve("hono")}"`),
    );
    return await import(new URL(file, "file:///").href);
  } finally {
    await Deno.remove(file);
  }
}

Deno.test("docs/embed.md shows an app that takes a push and a pull beside its own pages, without a server", async () => {
  const { default: app } = await runExample<
    { default: { request(path: string, init?: RequestInit): Promise<Response> } }
  >(APP);
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

Deno.test("docs/embed.md shows a function that runs garbage collection on a folder", async () => {
  const { collect } = await runExample<
    { collect(data: string, print: (text: string) => void): Promise<number> }
  >(COMMAND);
  const folder = await Deno.makeTempDir({ prefix: "skerry-" });
  const { error } = console;
  const errors: string[] = [];
  console.error = (text: string) => void errors.push(text);
  try {
    const lines: string[] = [];
    assertEquals(await collect(folder, (text) => lines.push(text)), 1);
    assertMatch(errors.join(), /^Cannot find a registry in /);
    await FilesystemObjectStore.open(`${folder}/objects`);
    (await SqliteTable.open(`${folder}/table.sqlite`)).close();
    assertEquals([await collect(folder, (text) => lines.push(text)), errors.length], [0, 1]);
  } finally {
    console.error = error;
    await Deno.remove(folder, { recursive: true });
  }
});
