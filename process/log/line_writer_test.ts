import { assertEquals } from "@std/assert";
import { LineWriter, type Output } from "./line_writer.ts";

const dropNote = (count: number) => `dropped ${count}`;

/** An output whose writes are answered one by one. */
class SlowOutput implements Output {
  readonly chunks: string[] = [];
  #answer: ((bytes: number) => void) | undefined;

  write(bytes: Uint8Array): Promise<number> {
    this.chunks.push(new TextDecoder().decode(bytes));
    return new Promise((resolve) => this.#answer = resolve);
  }

  async take(bytes: number): Promise<void> {
    this.#answer!(bytes);
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  }
}

Deno.test("write() writes a line after a pause at once", () => {
  const output = new SlowOutput();
  new LineWriter(output, dropNote, { delay: 1e9 }).write("one");
  assertEquals(output.chunks, ["one\n"]);
});

Deno.test("write() collects lines that follow closely until there is a batch of them", async () => {
  const output = new SlowOutput();
  const lines = new LineWriter(output, dropNote, { delay: 1e9, batch: 8192 });
  lines.write("one");
  await output.take(4);
  const long = "x".repeat(4095);
  lines.write(long);
  assertEquals(output.chunks, ["one\n"]);
  lines.write(long);
  assertEquals(output.chunks, ["one\n", `${long}\n${long}\n`]);
});

Deno.test("write() writes a line that should not wait with those before it", async () => {
  const output = new SlowOutput();
  const lines = new LineWriter(output, dropNote, { delay: 1e9 });
  lines.write("one");
  await output.take(4);
  lines.write("two");
  lines.write("six", true);
  assertEquals(output.chunks, ["one\n", "two\nsix\n"]);
});

Deno.test("write() writes collected lines after the delay", async () => {
  const written: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const output: Output = {
    write(bytes) {
      if (written.push(new TextDecoder().decode(bytes)) === 2) resolve();
      return Promise.resolve(bytes.length);
    },
  };
  const lines = new LineWriter(output, dropNote, { delay: 1 });
  lines.write("one");
  lines.write("two");
  lines.write("six");
  await promise;
  assertEquals(written, ["one\n", "two\nsix\n"]);
});

Deno.test("write() goes on where the output took only some bytes, in order", async () => {
  const output = new SlowOutput();
  const lines = new LineWriter(output, dropNote, { delay: 1e9 });
  lines.write("one", true);
  lines.write("two", true);
  await output.take(3);
  await output.take(1);
  await output.take(4);
  assertEquals(output.chunks, ["one\n", "\n", "two\n"]);
});

Deno.test("write() drops and counts lines when the reader does not keep up", async () => {
  const output = new SlowOutput();
  const lines = new LineWriter(output, dropNote, { delay: 1e9, backlog: 8192 });
  const long = "x".repeat(4095);
  for (const line of ["one", long, long, "ten", "nil"]) lines.write(line);
  await output.take(4);
  assertEquals(output.chunks, ["one\n", `${long}\n${long}\ndropped 2\n`]);
  await output.take(8202);
  lines.write("end", true);
  assertEquals(output.chunks.at(-1), "end\n");
});

Deno.test("write() leaves lines that arrive during a write to the next batch", async () => {
  const output = new SlowOutput();
  const lines = new LineWriter(output, dropNote, { delay: 1e9 });
  lines.write("one");
  for (const line of ["two", "six"]) lines.write(line);
  await output.take(4);
  assertEquals(output.chunks, ["one\n"]);
  const flush = lines.flush();
  await output.take(8);
  await flush;
  assertEquals(output.chunks, ["one\n", "two\nsix\n"]);
});

Deno.test("flush() resolves when everything is written, including lines that arrived meanwhile", async () => {
  const output = new SlowOutput();
  const lines = new LineWriter(output, dropNote, { delay: 1e9 });
  lines.write("one");
  let flushed = false;
  const flush = lines.flush().then(() => flushed = true);
  lines.write("two");
  await output.take(4);
  assertEquals([output.chunks, flushed], [["one\n", "two\n"], false]);
  await output.take(4);
  await flush;
});

Deno.test("flush() resolves when the reader is gone", async () => {
  const output: Output = { write: () => Promise.reject(new Deno.errors.BrokenPipe("gone")) };
  const lines = new LineWriter(output, dropNote);
  lines.write("one");
  await lines.flush();
  lines.write("two");
  await lines.flush();
});

Deno.test("keep() keeps lines that a slow reader has no room for, while others are dropped", async () => {
  const output = new SlowOutput();
  const troubles: string[] = [];
  const lines = new LineWriter(output, dropNote, {
    delay: 1e9,
    backlog: 1,
    keep: 100,
    trouble: (message) => troubles.push(message),
  });
  lines.keep("first");
  const long = "x".repeat(4096);
  for (let i = 0; i < 5; i++) lines.write(long);
  for (let i = 0; i < 10; i++) lines.keep(`audit ${i}`);
  assertEquals(lines.isKeeping, true);
  for (let i = 10; i < 20; i++) lines.keep(`audit ${i}`);
  assertEquals(lines.isKeeping, false);
  assertEquals(troubles.length, 1);
  await output.take(6);
  const all = Array.from({ length: 20 }, (_, i) => `audit ${i}\n`).join("");
  assertEquals(output.chunks, ["first\n", all]);
  await output.take(30); // some of it
  assertEquals(output.chunks[2], all.slice(30));
  await output.take(all.length - 30);
  assertEquals(lines.isKeeping, true);
  assertEquals(output.chunks[3], `${long}\ndropped 4\n`);
});

Deno.test("keep() begins a line of its own after one that a failure has cut off", async () => {
  let written = "";
  let failures = 0;
  const output: Output = {
    write(bytes) {
      if (written !== "" && failures++ === 0) return Promise.reject(new Error("gone"));
      const part = bytes.subarray(0, written === "" ? 3 : bytes.length);
      written += new TextDecoder().decode(part);
      return Promise.resolve(part.length);
    },
  };
  const lines = new LineWriter(output, dropNote, { delay: 1, retry: 1 });
  lines.write("ordinary", true);
  lines.keep("audit");
  while (!written.includes("audit")) await new Promise((resolve) => setTimeout(resolve, 1));
  await lines.flush();
  assertEquals(written, "ord\naudit\n");
});

Deno.test("keep() counts lines that find no room in memory, and says how many", async () => {
  const output = new SlowOutput();
  const troubles: string[] = [];
  const trouble = (message: string) => void troubles.push(message);
  const lines = new LineWriter(output, dropNote, { delay: 1e9, keep: 100, trouble });
  for (let i = 0; i < 100; i++) lines.keep("x".repeat(99));
  assertEquals(troubles.slice(1), ["Audit log lines are lost: the queue is full"]);
  await output.take(100);
  await output.take(700);
  assertEquals(troubles.at(-1), "The audit log works again: changes are accepted; 92 lines were lost");
  assertEquals(output.chunks.join("").length, 800);
});
