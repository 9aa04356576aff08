import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { content } from "./contract/fixtures.ts";
import { streamOfFile } from "./file_stream.ts";

async function openFile(bytes: Uint8Array) {
  const path = await Deno.makeTempFile();
  await Deno.writeFile(path, bytes);
  return { file: await Deno.open(path), [Symbol.asyncDispose]: () => Deno.remove(path) };
}

/** A handle is closed where it can not be closed. */
function assertClosed(file: Deno.FsFile): void {
  assertThrows(() => file.close(), Deno.errors.BadResource);
}

Deno.test("streamOfFile() reads so many bytes from where the file stands, and closes it", async () => {
  const bytes = content(700_000);
  await using opened = await openFile(bytes);
  await opened.file.seek(10, Deno.SeekMode.Start);
  const read = await new Response(streamOfFile(opened.file, 600_000)).bytes();
  assertEquals(read, bytes.slice(10, 600_010));
  assertClosed(opened.file);
});

Deno.test("streamOfFile() fails and closes the file when it ends too early", async () => {
  await using opened = await openFile(content(300_000));
  const reading = new Response(streamOfFile(opened.file, 300_001)).bytes();
  await assertRejects(() => reading, Error, "Cannot read 1 bytes more");
  assertClosed(opened.file);
});

Deno.test("streamOfFile() closes the file when it is cancelled, read from or not", async () => {
  for (const reads of [0, 1, 2]) {
    await using opened = await openFile(content(1_000_000));
    const reader = streamOfFile(opened.file, 1_000_000).getReader();
    if (reads > 0) await reader.read();
    const pending = reads > 1 ? reader.read() : undefined;
    await reader.cancel();
    await pending;
    assertClosed(opened.file);
  }
});
