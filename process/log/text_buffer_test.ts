import { assertEquals } from "@std/assert";
import { TextBuffer } from "./text_buffer.ts";

const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

Deno.test("TextBuffer takes everything that was added since, in order", () => {
  const buffer = new TextBuffer();
  const texts = ["one", "", "x".repeat(20_000), "ı€😀", "y".repeat(70_000)];
  for (let round = 0; round < 3; round++) {
    for (const text of texts) buffer.append(text);
    const expected = texts.join("");
    assertEquals(buffer.size, new TextEncoder().encode(expected).length);
    assertEquals(decode(buffer.take()), expected);
    assertEquals([buffer.size, buffer.take().length], [0, 0]);
  }
});

Deno.test("TextBuffer leaves taken bytes alone while more is added", () => {
  const buffer = new TextBuffer();
  for (const text of ["one", "six", "ten"]) {
    buffer.append(text);
    const taken = buffer.take();
    buffer.append("more");
    buffer.append("z".repeat(20_000));
    assertEquals(decode(taken), text);
    buffer.take();
  }
});
