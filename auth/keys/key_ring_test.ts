import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { CLOCK_SKEW_MS } from "../../storage/ports.ts";
import { MemoryTable, type Table } from "../../storage/mod.ts";
import { hooked } from "../../tests/harness/stores.ts";
import { KEY_RING, type KeyRingAttributes } from "../items.ts";
import {
  goodUntil,
  MAX_KEY_AGE_MS,
  openKeyRing,
  readKeyRing,
  rotateKeys,
  SIGNING_DELAY_MS,
  signingKey,
} from "./key_ring.ts";

const NOW = 1_700_000_000_000;
const LIFETIME_MS = 3_600_000;

/** A table, how often it was called, and how often it has written. */
function counted() {
  const counts = { written: 0, calls: 0 };
  class Counting extends MemoryTable {
    override async put(...args: Parameters<Table["put"]>) {
      const version = await super.put(...args);
      if (version !== undefined) counts.written++;
      return version;
    }
  }
  return { table: hooked<Table>(new Counting(), () => void counts.calls++), counts };
}

const rotate = (table: Table, now: number, atOnce = false) =>
  rotateKeys(table, { atOnce, lifetime: LIFETIME_MS, now });

const kidsOf = ({ keys }: KeyRingAttributes) => keys.map(({ kid }) => kid);

Deno.test("openKeyRing() creates a key that signs at once if the table has none", async () => {
  const { table, counts } = counted();
  assertEquals(await readKeyRing(table), undefined);
  const ring = await openKeyRing(table, LIFETIME_MS, NOW);
  assertEquals(ring.keys.length, 1);
  assertEquals(signingKey(ring, NOW), ring.keys[0]);
  assertEquals([ring.keys[0]!.createdAt, ring.keys[0]!.signsFrom], [NOW, NOW]);
  assertEquals(await openKeyRing(table, LIFETIME_MS, NOW), ring);
  assertEquals(await readKeyRing(table), ring);
  assertEquals(counts.written, 1);
});

Deno.test("openKeyRing() creates one key when several processes start at once", async () => {
  const { table, counts } = counted();
  const rings = await Promise.all(
    Array.from({ length: 20 }, (_, i) => openKeyRing(table, LIFETIME_MS, NOW + i)),
  );
  assertEquals(counts.written, 1);
  assertEquals(new Set(rings.flatMap(kidsOf)).size, 1);
  assertEquals(new Set(rings.map(({ version }) => version)).size, 1);
});

Deno.test("openKeyRing() remembers the longest lifetime of all processes", async () => {
  const { table } = counted();
  await openKeyRing(table, LIFETIME_MS, NOW);
  assertEquals((await openKeyRing(table, LIFETIME_MS / 2, NOW)).lifetime, LIFETIME_MS);
  assertEquals((await openKeyRing(table, LIFETIME_MS * 2, NOW)).lifetime, LIFETIME_MS * 2);
  assertEquals((await readKeyRing(table))?.lifetime, LIFETIME_MS * 2);
  assertEquals((await openKeyRing(table, LIFETIME_MS, NOW)).lifetime, LIFETIME_MS * 2);
});

Deno.test("rotateKeys() publishes a key before it signs, until every process has read it", async () => {
  const { table } = counted();
  const [first] = (await openKeyRing(table, LIFETIME_MS, NOW)).keys;
  const { key, made } = await rotate(table, NOW);
  assertEquals([made, key.signsFrom], [true, NOW + SIGNING_DELAY_MS]);
  assert(SIGNING_DELAY_MS >= MAX_KEY_AGE_MS + CLOCK_SKEW_MS);
  assertNotEquals(key.kid, first!.kid);
  const ring = await openKeyRing(table, LIFETIME_MS, NOW);
  assertEquals(kidsOf(ring), [first!.kid, key.kid]);
  assertEquals(signingKey(ring, NOW + SIGNING_DELAY_MS - 1).kid, first!.kid);
  assertEquals(signingKey(ring, NOW + SIGNING_DELAY_MS).kid, key.kid);
});

Deno.test("rotateKeys() creates no key while another waits to sign, and one for concurrent calls", async () => {
  const { table } = counted();
  const rotations = await Promise.all(Array.from({ length: 8 }, () => rotate(table, NOW)));
  assertEquals(rotations.filter(({ made }) => made).length, 1);
  assertEquals(new Set(rotations.map(({ key }) => key.kid)).size, 1);
  assertEquals((await rotate(table, NOW + SIGNING_DELAY_MS - 1)).made, false);
  assertEquals((await rotate(table, NOW + SIGNING_DELAY_MS)).made, true);
});

Deno.test("rotateKeys() revokes no key that another process adds at the same time", async () => {
  const { table } = counted();
  await openKeyRing(table, LIFETIME_MS, NOW);
  let other: string | undefined;
  const slow = hooked<Table>(table, () => {}, async (method) => {
    // The ring is read, and a key for it is being made.
    if (method === "get" && other === undefined) other = "";
    else return;
    other = (await rotate(table, NOW)).key.kid;
  });
  assertEquals(await rotate(slow, NOW), { key: (await readKeyRing(table))!.keys[1]!, made: false });
  assertEquals((await readKeyRing(table))!.keys[1]!.kid, other);
});

Deno.test("rotateKeys() keeps the old key until the longest token that it signed has ended, and no longer", async () => {
  const { table } = counted();
  const [first] = (await openKeyRing(table, LIFETIME_MS, NOW)).keys;
  const { key } = await rotate(table, NOW);
  // The clock of who signs with it may be behind, and that of who verifies as well.
  const end = key.signsFrom + LIFETIME_MS + 2 * CLOCK_SKEW_MS;
  assertEquals(goodUntil(await openKeyRing(table, LIFETIME_MS, NOW), 0), end);
  assertEquals(goodUntil(await openKeyRing(table, LIFETIME_MS, NOW), 1), Infinity);
  assertEquals(kidsOf(await openKeyRing(table, LIFETIME_MS, end - 1)), [first!.kid, key.kid]);
  assertEquals(kidsOf(await openKeyRing(table, LIFETIME_MS, end)), [key.kid]);
  assertEquals(kidsOf((await readKeyRing(table))!), [key.kid]);
});

Deno.test("rotateKeys() keeps the old key for the longest lifetime that any process has, known late or not", async () => {
  const { table } = counted();
  await openKeyRing(table, LIFETIME_MS, NOW);
  const { key } = await rotate(table, NOW);
  const end = key.signsFrom + 2 * LIFETIME_MS + 2 * CLOCK_SKEW_MS;
  assertEquals((await openKeyRing(table, 2 * LIFETIME_MS, end - 1)).keys.length, 2);
  assertEquals((await openKeyRing(table, LIFETIME_MS, end - 1)).keys.length, 2);
  assertEquals((await openKeyRing(table, LIFETIME_MS, end)).keys.length, 1);
});

Deno.test("openKeyRing() removes the private part when the key no longer signs by the clock of any process", async () => {
  const { table } = counted();
  await openKeyRing(table, LIFETIME_MS, NOW);
  const { key } = await rotate(table, NOW);
  const privateParts = async (now: number) => {
    await openKeyRing(table, LIFETIME_MS, now);
    return (await readKeyRing(table))!.keys.map(({ d }) => d !== undefined);
  };
  assertEquals(await privateParts(key.signsFrom + CLOCK_SKEW_MS - 1), [true, true]);
  assertEquals(await privateParts(key.signsFrom + CLOCK_SKEW_MS), [false, true]);
  // A clock that is far behind signs with the key that is left.
  assertEquals(signingKey((await readKeyRing(table))!, NOW).kid, key.kid);
});

Deno.test("openKeyRing() writes nothing if no key is obsolete", async () => {
  const { table, counts } = counted();
  await openKeyRing(table, LIFETIME_MS, NOW);
  counts.calls = 0;
  for (let i = 0; i < 5; i++) await openKeyRing(table, LIFETIME_MS, NOW + i * LIFETIME_MS);
  assertEquals(counts.calls, 5);
});

Deno.test("openKeyRing() overwrites no key that was added while it tidied up", async () => {
  const memory = new MemoryTable();
  await openKeyRing(memory, LIFETIME_MS, NOW);
  const { key: second } = await rotate(memory, NOW);
  const later = second.signsFrom + LIFETIME_MS + 2 * CLOCK_SKEW_MS;
  let added: string | undefined;
  const table = hooked<Table>(memory, async (method) => {
    if (method !== "put" || added !== undefined) return;
    added = "";
    added = (await rotate(memory, later)).key.kid;
  });
  await openKeyRing(table, LIFETIME_MS, later);
  assertEquals(kidsOf((await readKeyRing(memory))!), [second.kid, added!]);
});

Deno.test("rotateKeys() replaces every key at once where one was stolen", async () => {
  const { table } = counted();
  await openKeyRing(table, LIFETIME_MS, NOW);
  await rotate(table, NOW);
  const { key, made } = await rotate(table, NOW + 1, true);
  assertEquals(made, true);
  const ring = (await readKeyRing(table))!;
  assertEquals(kidsOf(ring), [key.kid]);
  assertEquals(signingKey(ring, NOW + 1).kid, key.kid);
  const { key: next } = await rotate(table, NOW + 2, true);
  assertNotEquals(next.kid, key.kid);
});

Deno.test("rotateKeys() at once leaves only the key of the last concurrent call", async () => {
  const { table } = counted();
  const rotations = await Promise.all(Array.from({ length: 5 }, () => rotate(table, NOW, true)));
  const ring = (await readKeyRing(table))!;
  assertEquals(ring.keys.length, 1);
  assertEquals(rotations.filter(({ key }) => key.kid === ring.keys[0]!.kid).length, 1);
});

Deno.test("signingKey() returns the first key if the clock is behind", async () => {
  const { table } = counted();
  const ring = await openKeyRing(table, LIFETIME_MS, NOW);
  assertEquals(signingKey(ring, NOW - CLOCK_SKEW_MS), ring.keys[0]);
});

Deno.test("readKeyRing() has keys under their thumbprints, in one item", async () => {
  const { table } = counted();
  const { keys } = await openKeyRing(table, LIFETIME_MS, NOW);
  assert(keys.every(({ kid, x, d }) => [kid, x, d].every((text) => /^[A-Za-z0-9_-]{43}$/.test(text!))));
  const item = await table.get(KEY_RING, { consistent: true });
  assertEquals(item?.attributes, { lifetime: LIFETIME_MS, keys });
});
