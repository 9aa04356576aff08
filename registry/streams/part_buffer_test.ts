import { assertEquals } from "@std/assert";
import { BufferPool } from "./buffer_pool.ts";
import { PartBuffer } from "./part_buffer.ts";

const KIB = 1024;

const patient = { yield() {} };

/** An empty buffer over a pool whose only buffer is taken. */
async function waitingBuffer() {
  const pool = new BufferPool(4096 * KIB, 1);
  const taken = await pool.take(patient);
  return { buffer: new PartBuffer(pool, patient), release: () => pool.give(taken) };
}

Deno.test("append() takes a buffer of the pool for more than 256 KiB of unannounced length", async () => {
  const { buffer, release } = await waitingBuffer();
  const piece = new Uint8Array(32 * KIB);
  for (let size = 0; size < 256 * KIB; size += piece.length) await buffer.append(piece, buffer.size);
  const events: string[] = [];
  const appended = buffer.append(new Uint8Array(1), buffer.size).then(() => events.push("appended"));
  await new Promise((resolve) => setTimeout(resolve));
  events.push("released");
  release();
  await appended;
  assertEquals(events, ["released", "appended"]);
  assertEquals(buffer.detach().buffer.byteLength, 4096 * KIB);
});

Deno.test("append() takes no place in the pool for 1 MiB that was announced", async () => {
  const { buffer, release } = await waitingBuffer();
  const piece = new Uint8Array(64 * KIB);
  while (buffer.size < 1024 * KIB) await buffer.append(piece, 1024 * KIB);
  assertEquals(buffer.detach().buffer.byteLength, 1024 * KIB);
  release();
});
