import { assertEquals } from "@std/assert";
import { parseText } from "./config_text.ts";

Deno.test("parseText() reads JSON and YAML", async () => {
  const value = { users: { "a b": '$2b$\\n " x' }, list: [1, true, null] };
  const yaml = 'users: { a b: "$2b$\\\\n \\" x" }\nlist: [1, true, null]';
  for (const text of [JSON.stringify(value), ` ${JSON.stringify(value, null, 2)}\n`, yaml]) {
    assertEquals(await parseText(text), { value }, text);
  }
});

Deno.test("parseText() refuses a key that stands twice, and names its place", async () => {
  for (const text of ['{"a":1,"a":1}', '{ "a": 1,\n  "\\u0061": 2 }', "a: 1\na: 2"]) {
    const parsed = await parseText(text);
    assertEquals("problems" in parsed && parsed.problems.map(({ message }) => message), [
      "Map keys must be unique",
    ], text);
  }
});
