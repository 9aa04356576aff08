import { assertEquals } from "@std/assert";
import { Nearest, timeOf } from "./nearest.ts";

/** Replicas "a" and "b", whose times the test sets; `settle` waits for a measurement. */
function setUp() {
  const clock = { now: 0 };
  const times: Record<string, number> = { home: 100, a: 50, b: 10 };
  const pings: string[] = [];
  const events: string[] = [];
  const pingOf = (name: string) => () => Promise.resolve(name);
  const nearest = new Nearest<string>({
    pingHome: pingOf("home"),
    replicas: ["a", "b"].map((name) => ({ name, store: name, ping: pingOf(name) })),
    chosen: (replica) => events.push(`chosen ${replica?.name ?? "home"}`),
    failed: ({ name }, error) => events.push(`failed ${name}: ${error}`),
    time: async (ping) => {
      const name = await ping() as string;
      pings.push(name);
      return times[name]!;
    },
    now: () => clock.now,
  });
  const where = () => nearest.read((store) => Promise.resolve(store));
  /** The store that a read uses once the measurement that it may start has ended. */
  async function settled(): Promise<string | undefined> {
    await where();
    await new Promise((resolve) => setTimeout(resolve));
    return await where();
  }
  return { clock, times, pings, events, nearest, where, settled };
}

Deno.test("read() reads at home until the first measurement, and then at the nearest replica", async () => {
  const { pings, events, where, settled } = setUp();
  assertEquals(pings, []); // nothing is sent before the first read
  assertEquals(await where(), undefined);
  assertEquals(await settled(), "b");
  assertEquals(pings.toSorted(), ["a", "b", "home"]);
  assertEquals(events, ["chosen b"]);
});

Deno.test("read() stays at home when no replica is clearly nearer", async () => {
  const { times, events, settled } = setUp();
  Object.assign(times, { home: 100, a: 90, b: 81 });
  assertEquals(await settled(), undefined);
  assertEquals(events, []);
});

Deno.test("read() stays at home when a replica saves almost no time", async () => {
  const { times, settled } = setUp();
  Object.assign(times, { home: 5, a: 1, b: 2 });
  assertEquals(await settled(), undefined);
});

Deno.test("read() measures again after ten minutes, and changes only for a clear gain", async () => {
  const { clock, times, pings, events, settled } = setUp();
  await settled();
  clock.now += 9 * 60_000;
  await settled();
  assertEquals(pings.length, 3);
  clock.now += 60_000;
  Object.assign(times, { home: 100, a: 10, b: 12 });
  assertEquals(await settled(), "b");
  assertEquals(pings.length, 6);
  clock.now += 10 * 60_000;
  Object.assign(times, { home: 3, a: 40, b: 50 });
  assertEquals(await settled(), undefined);
  assertEquals(events, ["chosen b", "chosen home"]);
});

Deno.test("read() reads at home after a failure, and measures again after a pause", async () => {
  const { clock, times, pings, events, nearest, settled, where } = setUp();
  await settled();
  const fail = () => nearest.read(() => Promise.reject(new Error("down")));
  assertEquals(await Promise.all([fail(), fail()]), [undefined, undefined]);
  assertEquals(events, ["chosen b", "failed b: Error: down"]);
  assertEquals(await where(), undefined);
  times.b = Infinity;
  clock.now += 29_000;
  await settled();
  assertEquals(pings.length, 3);
  clock.now += 1_000;
  assertEquals(await settled(), "a");
});

Deno.test("read() goes to a replica when home does not answer, and to home when no store does", async () => {
  const { clock, times, settled } = setUp();
  times.home = Infinity;
  assertEquals(await settled(), "b");
  clock.now += 10 * 60_000;
  Object.assign(times, { home: Infinity, a: Infinity, b: Infinity });
  assertEquals(await settled(), undefined);
});

Deno.test("read() answers nothing for a miss, which is no failure", async () => {
  const { events, nearest, settled } = setUp();
  await settled();
  assertEquals(await nearest.read(() => Promise.resolve(undefined)), undefined);
  assertEquals(events, ["chosen b"]);
  assertEquals(await settled(), "b");
});

Deno.test("timeOf() is the time of the fastest request, and infinite for a failure or a request without an answer", async () => {
  let calls = 0;
  const time = await timeOf(() => Promise.resolve(calls++));
  assertEquals([calls, Number.isFinite(time)], [3, true]);
  assertEquals(await timeOf(() => Promise.reject(new Error("down"))), Infinity);
  assertEquals(await timeOf(() => new Promise(() => {}), 5), Infinity);
});
