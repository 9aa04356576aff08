import { assertEquals, assertMatch, assertNotEquals, assertRejects } from "@std/assert";
import { byteranges, type ByterangesSource } from "./byteranges.ts";
import type { ByteRange } from "./range.ts";

const CONTENT = Uint8Array.from({ length: 1000 }, (_, i) => i % 251);

/** Calls to a source, in order. */
class Recorder {
  readonly events: string[] = [];
  openNow = 0;
  mostOpen = 0;

  open(range: ByteRange, chunkSize = 7): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    this.events.push(`open ${range.first}-${range.last}`);
    this.openNow++;
    this.mostOpen = Math.max(this.mostOpen, this.openNow);
    let at = range.first;
    const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull: (controller) => {
        if (at > range.last) {
          this.openNow--;
          return controller.close();
        }
        const end = Math.min(at + chunkSize, range.last + 1);
        controller.enqueue(CONTENT.slice(at, end));
        at = end;
      },
      cancel: (reason) => {
        this.openNow--;
        this.events.push(`cancel ${reason}`);
      },
    }, { highWaterMark: 0 });
    return Promise.resolve(stream);
  }
}

function sourceOf(ranges: ByteRange[], open: ByterangesSource["open"]): ByterangesSource {
  return { size: CONTENT.length, contentType: "application/octet-stream", ranges, open };
}

/** Lets everything run that is not waiting for something else. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

const RANGES = [{ first: 0, last: 9 }, { first: 500, last: 500 }, { first: 20, last: 99 }];

Deno.test("byteranges() frames each range in the order asked for", async () => {
  const recorder = new Recorder();
  const { contentType, stream } = byteranges(sourceOf(RANGES, (range) => recorder.open(range)));
  const boundary = contentType.replace("multipart/byteranges; boundary=", "");
  const text = (first: number, last: number) => String.fromCharCode(...CONTENT.slice(first, last + 1));
  const part = (first: number, last: number) =>
    `--${boundary}\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes ${first}-${last}/1000\r\n\r\n` +
    `${text(first, last)}\r\n`;
  const body = String.fromCharCode(...await new Response(stream).bytes());
  assertEquals(body, part(0, 9) + part(500, 500) + part(20, 99) + `--${boundary}--\r\n`);
});

Deno.test("byteranges() knows the length beforehand", async () => {
  for (const ranges of [[], RANGES.slice(0, 1), RANGES, Array(50).fill({ first: 3, last: 999 })]) {
    const { contentLength, stream } = byteranges(sourceOf(ranges, (range) => new Recorder().open(range)));
    assertEquals((await new Response(stream).bytes()).length, contentLength);
  }
});

Deno.test("byteranges() makes a new boundary of token characters each time", async () => {
  const bodies = [1, 2].map(() => byteranges(sourceOf([], () => Promise.reject(new Error("not opened")))));
  assertNotEquals(bodies[0]?.contentType, bodies[1]?.contentType);
  for (const { contentType, stream } of bodies) {
    assertMatch(contentType, /^multipart\/byteranges; boundary=[a-z0-9-]{16,70}$/);
    await stream.cancel();
  }
});

Deno.test("byteranges() opens nothing before it is read, and one range at a time", async () => {
  const recorder = new Recorder();
  const { stream } = byteranges(sourceOf(RANGES, (range) => recorder.open(range)));
  await settle();
  assertEquals(recorder.events, []);
  await new Response(stream).bytes();
  assertEquals(recorder.events, ["open 0-9", "open 500-500", "open 20-99"]);
  assertEquals(recorder.mostOpen, 1);
  assertEquals(recorder.openNow, 0);
});

Deno.test("byteranges() cancels the range that is open when the reader leaves, and opens no other", async () => {
  const recorder = new Recorder();
  const { stream } = byteranges(sourceOf(RANGES, (range) => recorder.open(range)));
  const reader = stream.getReader();
  await reader.read(); // the head
  await reader.read(); // some content
  await reader.cancel("gone");
  assertEquals(recorder.events, ["open 0-9", "cancel gone"]);
});

Deno.test("byteranges() cancels at once when the reader leaves while the content keeps it waiting", async () => {
  let cancelled: unknown;
  const stalled = new ReadableStream<Uint8Array<ArrayBuffer>>({
    cancel: (reason) => void (cancelled = reason),
  });
  const { stream } = byteranges(sourceOf(RANGES, () => Promise.resolve(stalled)));
  const reader = stream.getReader();
  await reader.read();
  const waiting = reader.read();
  await settle(); // until it waits
  await reader.cancel("gone");
  assertEquals(cancelled, "gone");
  assertEquals((await waiting).done, true);
});

Deno.test("byteranges() opens nothing more when the reader leaves at the end of a range", async () => {
  let opened = 0;
  const { stream } = byteranges(sourceOf([{ first: 0, last: 9 }, { first: 5, last: 9 }], () => {
    opened++;
    const unclosed = new ReadableStream<Uint8Array<ArrayBuffer>>({
      start: (controller) => controller.enqueue(CONTENT.slice(0, 10)),
    });
    return Promise.resolve(unclosed);
  }));
  const reader = stream.getReader();
  await reader.read(); // the head
  await reader.read(); // all the content, of which the end is not known yet
  const waiting = reader.read();
  await settle(); // until it waits
  await reader.cancel();
  await waiting;
  await settle();
  assertEquals(opened, 1);
});

Deno.test("byteranges() cancels a range that opens after the reader has left", async () => {
  const recorder = new Recorder();
  const asked = Promise.withResolvers<void>();
  const opening = Promise.withResolvers<void>();
  const { stream } = byteranges(sourceOf(RANGES, async (range) => {
    asked.resolve();
    await opening.promise;
    return await recorder.open(range);
  }));
  const reader = stream.getReader();
  const waiting = reader.read();
  await asked.promise;
  await reader.cancel("gone");
  opening.resolve();
  assertEquals((await waiting).done, true);
  await settle();
  assertEquals(recorder.events, ["open 0-9", "cancel undefined"]);
});

Deno.test("byteranges() fails when a range cannot be opened", async () => {
  const { stream } = byteranges(sourceOf(RANGES, () => Promise.reject(new Error("outage"))));
  await assertRejects(() => new Response(stream).bytes(), Error, "outage");
});

Deno.test("byteranges() fails when reading a range fails", async () => {
  const broken = () =>
    new ReadableStream<Uint8Array<ArrayBuffer>>({ start: (c) => c.error(new Error("outage")) });
  const { stream } = byteranges(sourceOf(RANGES, () => Promise.resolve(broken())));
  await assertRejects(() => new Response(stream).bytes(), Error, "outage");
});

Deno.test("byteranges() fails when a range has fewer or more bytes than it should", async () => {
  for (const [extra, message] of [[-1, "shorter"], [1, "longer"]] as const) {
    const recorder = new Recorder();
    const source = sourceOf(RANGES, ({ first, last }) => recorder.open({ first, last: last + extra }));
    await assertRejects(() => new Response(byteranges(source).stream).bytes(), Error, message);
    assertEquals(recorder.openNow, 0);
    assertEquals(recorder.events.filter((event) => event.startsWith("open")).length, 1);
  }
});

Deno.test("byteranges() sends none of the bytes that a range has too many", async () => {
  const tooLong = () => Promise.resolve(new Blob([CONTENT]).stream());
  const { stream } = byteranges(sourceOf(RANGES, tooLong));
  const reader = stream.getReader();
  await reader.read(); // the head
  await assertRejects(() => reader.read(), Error, "longer");
});

Deno.test("byteranges() can be read by a MIME parser", async () => {
  const { contentType, stream } = byteranges(sourceOf(RANGES, (range) => new Recorder().open(range)));
  // A form is framed by the same rules (RFC 2046 §5.1); it only needs names for its parts.
  const body = String.fromCharCode(...await new Response(stream).bytes());
  let count = 0;
  const named = body.replaceAll(/Content-Range: .*\r\n/g, () => {
    return `Content-Disposition: form-data; name="${count++}"; filename="x"\r\n`;
  });
  const bytes = Uint8Array.from(named, (character) => character.charCodeAt(0));
  const headers = { "content-type": contentType.replace("byteranges", "form-data") };
  const form = await new Response(bytes, { headers }).formData();
  for (const [i, { first, last }] of RANGES.entries()) {
    const part = form.get(String(i));
    assertEquals(part instanceof File && await part.bytes(), CONTENT.slice(first, last + 1));
  }
});
