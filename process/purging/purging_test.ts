import { assertEquals, assertMatch } from "@std/assert";
import type { Outbox, PurgeReport, PurgeTarget } from "../../registry/mod.ts";
import { startPurging } from "./purging.ts";
import { recording } from "../../telemetry/testing/recording.ts";

const TARGET: PurgeTarget = { maxTags: 1, purge: () => Promise.resolve() };
const NOTHING: PurgeReport = { purges: 0, tags: 0, lag: 0 };

/** Timers and a clock that move only when the test moves them. */
class FakeTime implements Disposable {
  readonly #real = { setTimeout, clearTimeout, now: performance.now };
  readonly #timers = new Map<number, { at: number; run: () => void }>();
  #count = 0;
  now = 0;

  constructor() {
    const setTimeout = (run: () => void, milliseconds = 0) => {
      this.#timers.set(++this.#count, { at: this.now + milliseconds, run });
      return this.#count;
    };
    const clearTimeout = (id: number) => void this.#timers.delete(id);
    Object.assign(globalThis, { setTimeout, clearTimeout });
    performance.now = () => this.now;
  }

  /** Lets so many milliseconds pass, with everything that then happens. */
  async pass(milliseconds: number): Promise<void> {
    const end = this.now + milliseconds;
    for (;;) {
      await new Promise((resolve) => this.#real.setTimeout(resolve, 0));
      const [next] = [...this.#timers].sort(([, a], [, b]) => a.at - b.at);
      if (next === undefined || next[1].at > end) break;
      this.#timers.delete(next[0]);
      this.now = Math.max(this.now, next[1].at);
      next[1].run();
    }
    this.now = end;
  }

  [Symbol.dispose](): void {
    Object.assign(globalThis, { setTimeout: this.#real.setTimeout, clearTimeout: this.#real.clearTimeout });
    performance.now = this.#real.now;
  }
}

/** An outbox whose drains fail as often as the test says, and the log. */
function setUp({ takesOthers = false, delay = 0 } = {}) {
  const seen: string[] = [];
  const state = {
    failures: 0,
    error: new Error("down") as Error & { retryAfter?: number },
    age: 0,
    young: 0,
    ages: [] as number[],
  };
  let wake = () => {};
  const drain = (name: string) => () => {
    seen.push(`${name} ${performance.now()}`);
    return state.failures-- > 0 ? Promise.reject(state.error) : Promise.resolve({ ...NOTHING, purges: 1 });
  };
  const outbox = {
    onSettled: (run: () => void) => void (wake = run),
    drainSettled: (_target: PurgeTarget, { age = 0 } = {}) => {
      state.ages.push(age);
      return drain("settled")();
    },
    get hasSettled() {
      return state.young-- > 0;
    },
    drainDue: drain("due"),
    get oldestAge() {
      return state.age;
    },
  } as unknown as Outbox;
  const log = {
    info: (text: string) => void seen.push(text),
    error: (text: string) => void seen.push(text),
  };
  const purging = startPurging({ outbox, target: TARGET, delay, takesOthers, log });
  return { seen, state, purging, settle: () => wake() };
}

Deno.test("startPurging() makes purges a second after the change and the age of the cache, once for several changes", async () => {
  using time = new FakeTime();
  const { seen, purging, settle } = setUp({ delay: 500 });
  settle();
  await time.pass(700);
  settle();
  await time.pass(799);
  assertEquals(seen, []);
  await time.pass(1);
  assertEquals(seen, ["settled 1500", "Purged the shared cache"]);
  await time.pass(60_000);
  assertEquals(seen.length, 2);
  await purging.stop();
});

Deno.test("startPurging() leaves purges of the last half second to the next time", async () => {
  using time = new FakeTime();
  const { seen, state, purging, settle } = setUp({ delay: 100 });
  state.young = 1;
  settle();
  await time.pass(60_000);
  assertEquals(seen.filter((line) => line.startsWith("settled")), ["settled 1100", "settled 2200"]);
  assertEquals(state.ages, [600, 600]);
  await purging.stop();
});

Deno.test("startPurging() tries again with longer pauses, no sooner than the cache asks for, and logs a failure once", async () => {
  using time = new FakeTime();
  const { seen, state, purging, settle } = setUp();
  state.failures = 3;
  settle();
  await time.pass(1000);
  await time.pass(1000);
  state.error.retryAfter = 30_000;
  await time.pass(2000);
  await time.pass(29_999);
  assertEquals(seen.filter((line) => line.startsWith("settled")), [
    "settled 1000",
    "settled 2000",
    "settled 4000",
  ]);
  await time.pass(1);
  assertEquals(seen.slice(-3), [
    "settled 34000",
    "The shared cache accepts purges again",
    "Purged the shared cache",
  ]);
  assertEquals(seen.filter((line) => line.startsWith("Cannot purge")).length, 1);
  await purging.stop();
});

Deno.test("startPurging() looks for purges of other processes if it is to", async () => {
  using time = new FakeTime();
  const { seen, purging } = setUp({ takesOthers: true });
  await time.pass(60_000);
  assertEquals(seen.filter((line) => line.startsWith("due")), ["due 30000", "due 60000"]);
  await purging.stop();
  const alone = setUp();
  await time.pass(60_000);
  assertEquals(alone.seen, []);
  await alone.purging.stop();
});

Deno.test("warnings() tell of purges that the cache has not accepted for a minute", async () => {
  using time = new FakeTime();
  const { state, purging, settle } = setUp();
  state.failures = 100;
  settle();
  await time.pass(1000);
  state.age = 59_999;
  assertEquals(purging.warnings(), []);
  state.age = 60_000;
  assertMatch(purging.warnings()[0]!, /^The shared cache has accepted no purge for /);
  state.failures = 0;
  await time.pass(1000);
  assertEquals(purging.warnings(), []);
  await purging.stop();
});

Deno.test("stop() makes the last purges, and waits for a cache that does not answer no longer than a second", async () => {
  using time = new FakeTime();
  const { seen, purging, settle } = setUp();
  settle();
  const stopped = purging.stop();
  await time.pass(0);
  assertEquals(seen[0], "settled 0");
  await stopped;
  settle();
  await time.pass(60_000);
  assertEquals(seen.filter((line) => line.startsWith("settled")).length, 1);
});

Deno.test("startPurging() reports deliveries, failures and the oldest purge to telemetry", async () => {
  using time = new FakeTime();
  using events = recording();
  const { state, purging, settle } = setUp();
  state.failures = 1;
  state.age = 5000;
  assertEquals(events.read("skerry.background.oldest_age", "purges"), 5);
  settle();
  await time.pass(1000);
  assertEquals(events.take(), ["ran purges false"]);
  await time.pass(1000);
  assertEquals(events.take(), ["delivered purges 1", "ran purges true"]);
  await purging.stop();
});
