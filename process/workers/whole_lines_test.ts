import { assert, assertEquals } from "@std/assert";
import { wholeLines } from "./whole_lines.ts";

/** The writes that bytes become, with an output that takes all it is given. */
async function writesOf(text: string): Promise<string[]> {
  const writes: string[] = [];
  const output = wholeLines({
    write(bytes) {
      writes.push(new TextDecoder().decode(bytes));
      return Promise.resolve(bytes.length);
    },
  });
  const bytes = new TextEncoder().encode(text);
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await output.write(rest));
  return writes;
}

Deno.test("wholeLines() writes pieces of whole lines that a pipe takes at once", async () => {
  const text = Array.from({ length: 200 }, (_, i) => `${i} ${"x".repeat(i)}\n`).join("");
  const writes = await writesOf(text);
  assertEquals(writes.join(""), text);
  for (const piece of writes) {
    assert(piece.length <= 4096);
    assert(piece.endsWith("\n"));
  }
  // As few writes as possible: the next line never fits into the piece before it.
  assert(writes.length <= text.length / (4096 - 204) + 1);
});

Deno.test("wholeLines() writes a line that is too long for a piece by itself", async () => {
  const long = `${"y".repeat(5000)}\n`;
  assertEquals(await writesOf(`a\n${long}b\n`), ["a\n", long, "b\n"]);
  assertEquals(await writesOf("z".repeat(5000)), ["z".repeat(5000)]);
});
