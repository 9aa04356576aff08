import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { content } from "./contract/fixtures.ts";
import { readAll } from "./read_all.ts";
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
  const read = await readAll(streamOfFile(opened.file, 600_000));
  assertEquals(read, bytes.slice(10, 600_010));
  assertClosed(opened.file);
});

Deno.test("streamOfFile() fails and closes the file when it ends too early", async () => {
  await using opened = await openFile(content(300_000));
  const reading = readAll(streamOfFile(opened.file, 300_001));
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

Deno.test("streamOfFile() is at its end at once where there is nothing to read", async () => {
  await using opened = await openFile(content(10));
  assertEquals(await readAll(streamOfFile(opened.file, 0)), new Uint8Array());
  assertClosed(opened.file);
});

Deno.test("streamOfFile() lets go of a chunk when the next one is asked for, and not before", async () => {
  await using opened = await openFile(content(600_000));
  const reader = streamOfFile(opened.file, 600_000).getReader();
  const first = (await reader.read()).value!;
  assertEquals(first.buffer.detached, false);
  const second = (await reader.read()).value!;
  assertEquals([first.buffer.detached, second.buffer.detached], [true, false]);
  await reader.cancel();
});

Deno.test("streamOfFile() arrives complete through a server, with a slow reader too", async () => {
  const bytes = content(8_000_000);
  await using opened = await openFile(bytes);
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    () => new Response(streamOfFile(opened.file, bytes.length)),
  );
  const response = await fetch(`http://127.0.0.1:${server.addr.port}`);
  const received: Uint8Array<ArrayBuffer>[] = [];
  for await (const chunk of response.body!) {
    received.push(chunk);
    if (received.length % 16 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assertEquals(await new Blob(received).bytes(), bytes);
});
