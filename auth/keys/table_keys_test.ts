import { assert, assertEquals, assertRejects } from "@std/assert";
import { CLOCK_SKEW_MS } from "../../storage/ports.ts";
import { MemoryTable, type Table, UnavailableError } from "../../storage/mod.ts";
import { hooked } from "../../tests/harness/stores.ts";
import { MAX_KEY_AGE_MS, rotateKeys, SIGNING_DELAY_MS } from "./key_ring.ts";
import { jwksOf, type SigningKeys } from "./keys.ts";
import { TableKeys } from "./table_keys.ts";

const LIFETIME_MS = 3_600_000;

/** Processes over one table, a clock, the calls of the table, and whether it is out. */
function world() {
  const state = { now: 1_700_000_000_000, out: false };
  const calls: string[] = [];
  const memory = new MemoryTable();
  const table = hooked<Table>(memory, (method) => {
    calls.push(method);
    if (state.out) throw new UnavailableError("read the keys", new Error("timeout"));
  });
  const process = () => new TableKeys({ table, lifetime: LIFETIME_MS, now: () => state.now });
  const rotate = async (atOnce = false) =>
    (await rotateKeys(memory, { atOnce, lifetime: LIFETIME_MS, now: state.now })).key.kid;
  /** Number of calls that `act` makes, including its background work. */
  const callsOf = async (act: () => unknown) => {
    calls.length = 0;
    await act();
    await settled();
    return calls.length;
  };
  return { state, calls, memory, process, rotate, callsOf };
}

/** Resolves when background work is done: an import of a key takes at most one or two turns of the event loop. */
async function settled(): Promise<void> {
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** True if the second verifies what the first signs now. */
async function isBelieved(by: SigningKeys, signer: SigningKeys): Promise<boolean> {
  const { kid, key } = await signer.signing();
  const data = new TextEncoder().encode("text");
  const signature = await crypto.subtle.sign("Ed25519", key, data);
  const found = await by.find(kid);
  return found !== undefined && await crypto.subtle.verify("Ed25519", found, signature, data);
}

Deno.test("TableKeys.signing() makes one key for all processes that begin at once", async () => {
  const { process } = world();
  const processes = Array.from({ length: 10 }, process);
  const kids = await Promise.all(processes.map(async (keys) => (await keys.signing()).kid));
  assertEquals(new Set(kids).size, 1);
  for (const keys of processes) assert(await isBelieved(keys, processes[0]!));
});

Deno.test("TableKeys.knows() does not read the table before a key is requested", async () => {
  const { process, callsOf } = world();
  assertEquals(await callsOf(() => process().knows("kid")), 0);
  const keys = process();
  assertEquals(await callsOf(() => Promise.all([keys.signing(), keys.find("kid"), keys.list()])), 3);
});

Deno.test("TableKeys.find() reads no table for a key that is known", async () => {
  const { process, callsOf, state } = world();
  const keys = process();
  const { kid } = await keys.signing();
  const reads = await callsOf(async () => {
    for (let i = 0; i < 100; i++) {
      assert(await keys.find(kid) !== undefined);
      assertEquals(keys.knows(kid), true);
      assertEquals((await keys.signing()).kid, kid);
    }
    state.now += MAX_KEY_AGE_MS / 2;
    assert(await keys.find(kid) !== undefined);
  });
  assertEquals(reads, 0);
});

Deno.test("TableKeys.find() reads the table every few minutes, in the background", async () => {
  const { process, callsOf, state, calls } = world();
  const keys = process();
  const { kid } = await keys.signing();
  state.now += MAX_KEY_AGE_MS / 2 + 1;
  const reads = await callsOf(() => Promise.all(Array.from({ length: 50 }, () => keys.find(kid))));
  assertEquals([reads, calls[0]], [1, "get"]);
  assertEquals(await callsOf(() => keys.find(kid)), 0);
  state.now += MAX_KEY_AGE_MS / 2 + 1;
  assertEquals(await callsOf(() => assertEquals(keys.knows(kid), true)), 1);
});

Deno.test("TableKeys.find() reads the table at most once in ten seconds for keys that are not known", async () => {
  const { process, callsOf, state } = world();
  const keys = process();
  await keys.signing();
  const ask = () => Promise.all(Array.from({ length: 50 }, (_, i) => keys.find(`unknown-${i}`)));
  assertEquals(await callsOf(ask), 0, "it has read them a moment ago");
  state.now += 9999;
  assertEquals(await callsOf(ask), 0);
  state.now += 1;
  assertEquals(await callsOf(ask), 1);
  assertEquals(await callsOf(ask), 0);
  let reads = 0;
  for (let second = 0; second < 60; second++) {
    state.now += 1000;
    reads += await callsOf(ask);
  }
  assertEquals(reads, 6);
});

Deno.test("TableKeys.find() finds a key that another process has made since, ten seconds later at most", async () => {
  const { process, rotate, state } = world();
  const keys = process();
  await keys.signing();
  const kid = await rotate(true);
  assertEquals(await keys.find(kid), undefined);
  assertEquals(keys.knows(kid), false);
  state.now += 10_000;
  assert(await keys.find(kid) !== undefined);
  assertEquals(keys.knows(kid), true);
});

Deno.test("TableKeys.signing() signs with a new key when every process knows it", async () => {
  const { process, rotate, state } = world();
  const [signer, verifier] = [process(), process()];
  const { kid: old } = await signer.signing();
  // It has just read the keys, and is the last to read them again.
  await verifier.find(old);
  const kid = await rotate();
  const asked: string[] = [];
  for (const end = state.now + SIGNING_DELAY_MS + 60_000; state.now < end; state.now += 60_000) {
    asked.push((await signer.signing()).kid);
    assertEquals(await isBelieved(verifier, signer), true, `${asked.length}`);
    await settled();
  }
  assertEquals([asked[0], asked.at(-1)], [old, kid]);
  assertEquals(asked.filter((one) => one === kid).length, 1);
});

Deno.test("TableKeys.list() publishes a key before it signs, and has no private part of any", async () => {
  const { process, rotate, state } = world();
  const keys = process();
  const { kid } = await keys.signing();
  const next = await rotate();
  state.now += MAX_KEY_AGE_MS + 1;
  const set = await jwksOf(keys);
  assertEquals(set.keys.map((key) => key.kid), [kid, next]);
  assertEquals((await keys.signing()).kid, kid);
  for (const { x, kid, ...rest } of set.keys) {
    assertEquals([typeof x, typeof kid], ["string", "string"]);
    assertEquals(rest, { kty: "OKP", crv: "Ed25519", alg: "EdDSA", use: "sig" });
  }
});

Deno.test("TableKeys.find() returns the old key until the longest token that it signed has expired", async () => {
  const { process, rotate, state } = world();
  const keys = process();
  const { kid } = await keys.signing();
  await rotate();
  const lastSignature = state.now + SIGNING_DELAY_MS + 2 * CLOCK_SKEW_MS;
  state.now = lastSignature + LIFETIME_MS - 1;
  assert(await keys.find(kid) !== undefined);
  assertEquals((await keys.list()).length, 2);
  state.now += 1;
  // The same keys are at hand: what has ended is not believed for a few minutes more.
  assertEquals(keys.knows(kid), false);
  assertEquals(await keys.find(kid), undefined);
  assertEquals((await keys.list()).map((key) => key.kid), [(await keys.signing()).kid]);
});

Deno.test("TableKeys.find() rejects a stolen key once it has read the rotation at once", async () => {
  const { process, rotate, state } = world();
  const keys = process();
  const { kid } = await keys.signing();
  const next = await rotate(true);
  state.now += MAX_KEY_AGE_MS + 1;
  assertEquals(keys.knows(kid), false);
  assertEquals(await keys.find(kid), undefined);
  assertEquals((await keys.signing()).kid, next);
});

Deno.test("TableKeys.find() works without the table only while the keys are fresh", async () => {
  const { process, state } = world();
  const keys = process();
  const { kid } = await keys.signing();
  state.out = true;
  for (let minute = 0; minute < 10; minute++) {
    state.now += 60_000;
    assert(await keys.find(kid) !== undefined, `${minute}`);
    assertEquals(keys.knows(kid), true);
    assertEquals((await keys.signing()).kid, kid);
    await settled();
  }
  state.now += 1;
  assertEquals(keys.knows(kid), false);
  for (const ask of [() => keys.find(kid), () => keys.signing(), () => keys.list()]) {
    await assertRejects(ask, UnavailableError);
  }
});

Deno.test("TableKeys.find() rejects instead of calling a key unknown while the table fails", async () => {
  const { process, state } = world();
  const keys = process();
  const { kid } = await keys.signing();
  state.out = true;
  state.now += 10_000;
  await assertRejects(() => keys.find("unknown"), UnavailableError);
  assert(await keys.find(kid) !== undefined);
});

Deno.test("TableKeys.find() asks a table that is out once a second", async () => {
  const { process, state, callsOf } = world();
  const keys = process();
  state.out = true;
  const ask = () => Promise.allSettled(Array.from({ length: 20 }, () => keys.find("kid")));
  assertEquals(await callsOf(ask), 1);
  assertEquals(await callsOf(ask), 0);
  state.now += 1000;
  assertEquals(await callsOf(ask), 1);
  state.out = false;
  await assertRejects(() => keys.signing(), UnavailableError);
  state.now += 1000;
  assert((await keys.signing()).kid);
});

Deno.test("TableKeys.find() does not trust keys that look fresh because the clock was set back", async () => {
  const { process, state, callsOf } = world();
  const keys = process();
  const { kid } = await keys.signing();
  state.now -= MAX_KEY_AGE_MS + 1;
  assertEquals(keys.knows(kid), false);
  assertEquals(await callsOf(() => keys.find(kid)), 1);
  assertEquals(keys.knows(kid), true);
});
