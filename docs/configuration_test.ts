import { assertEquals } from "@std/assert";
import { configurationPage } from "./configuration.ts";

Deno.test("configurationPage() equals docs/configuration.md", async () => {
  const written = await Deno.readTextFile(new URL("configuration.md", import.meta.url));
  // `deno fmt` breaks the lines.
  const words = (text: string) => text.split(/\s+/).filter((word) => word !== "");
  assertEquals(words(written), words(configurationPage()), "Run `deno task config-docs`");
});
