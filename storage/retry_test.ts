import { assertEquals, assertRejects } from "@std/assert";
import { LateWriteError, UnavailableError } from "./errors.ts";
import { retrying, type RetryOptions } from "./retry.ts";
import { Fence } from "./fence.ts";
import { recording } from "../telemetry/testing/recording.ts";

class Busy extends Error {}

/** Options under which pauses take no time, but count. */
function fake(): RetryOptions & { pauses: number[] } {
  let time = 0;
  const pauses: number[] = [];
  return {
    store: "table",
    what: "count",
    isTransient: (error) => error instanceof Busy,
    attemptTimeout: 60_000,
    deadline: 3000,
    now: () => time,
    async sleep(milliseconds) {
      await Promise.resolve();
      pauses.push(milliseconds);
      time += milliseconds;
    },
    random: () => 0.5,
    pauses,
  };
}

Deno.test("retrying() returns the result of the first successful attempt", async () => {
  const options = fake();
  let calls = 0;
  const value = await retrying(
    () => ++calls < 4 ? Promise.reject(new Busy()) : Promise.resolve("done"),
    options,
  );
  assertEquals([value, calls, options.pauses], ["done", 4, [12.5, 25, 50]]);
});

Deno.test("retrying() pauses twice as long at most each time, and gives up before the time is over", async () => {
  const options = fake();
  const busy = new Busy("no");
  const error = await assertRejects(
    () => retrying(() => Promise.reject(busy), options),
    UnavailableError,
  );
  assertEquals(error.cause, busy);
  assertEquals(options.pauses, [12.5, 25, 50, 100, 200, 400, 500, 500, 500, 500]);
});

Deno.test("retrying() throws a permanent error at once", async () => {
  const options = fake();
  await assertRejects(() => retrying(() => Promise.reject(new TypeError("bug")), options), TypeError, "bug");
  assertEquals(options.pauses, []);
});

Deno.test("retrying() ends an attempt that takes too long and makes another", async () => {
  let calls = 0;
  const hang = (signal: AbortSignal) =>
    new Promise<string>((resolve, reject) => {
      if (++calls > 1) resolve("done");
      else signal.addEventListener("abort", () => reject(signal.reason));
    });
  assertEquals(await retrying(hang, { ...fake(), attemptTimeout: 1 }), "done");
  assertEquals(calls, 2);
});

Deno.test("retrying() aborts an attempt with a TimeoutError when the time is up, and makes no error before", async () => {
  const { DOMException } = globalThis;
  let made = 0;
  globalThis.DOMException = class extends DOMException {
    constructor(...parameters: ConstructorParameters<typeof DOMException>) {
      super(...parameters);
      made++;
    }
  };
  try {
    assertEquals(await retrying(() => Promise.resolve("done"), fake()), "done");
    assertEquals(made, 0);
    let reason: unknown;
    const hang = (signal: AbortSignal) =>
      new Promise<string>((resolve) =>
        signal.addEventListener("abort", () => resolve(`late: ${(reason = signal.reason).name}`))
      );
    assertEquals(await retrying(hang, { ...fake(), attemptTimeout: 1 }), "late: TimeoutError");
    assertEquals([made, reason instanceof DOMException], [1, true]);
  } finally {
    globalThis.DOMException = DOMException;
  }
});

Deno.test("retrying() makes no attempt when the fence has passed", async () => {
  let calls = 0;
  const fence = new Fence(() => 5, 5);
  await assertRejects(() => retrying(() => Promise.resolve(++calls), { ...fake(), fence }), LateWriteError);
  assertEquals(calls, 0);
});

Deno.test("retrying() makes no other attempt when the fence passes in a pause", async () => {
  let [calls, now] = [0, 0];
  const fail = () => {
    calls++;
    return Promise.reject(new Busy());
  };
  const sleep = () => {
    now += 5;
    return Promise.resolve();
  };
  const options = { ...fake(), sleep, fence: new Fence(() => now, 5) };
  await assertRejects(() => retrying(fail, options), UnavailableError);
  assertEquals(calls, 1);
});

Deno.test("retrying() ends an attempt when the fence passes", async () => {
  const slow = (signal: AbortSignal) =>
    new Promise<string>((resolve, reject) => {
      const timer = setTimeout(() => resolve("late"), 2000);
      signal.addEventListener("abort", () => {
        clearTimeout(timer);
        reject(signal.reason);
      });
    });
  const fence = new Fence(Date.now, Date.now() + 5);
  await assertRejects(() => retrying(slow, { ...fake(), fence }), UnavailableError);
});

Deno.test("retrying() reports each repeated attempt to telemetry, and no other", async () => {
  using events = recording();
  let calls = 0;
  await retrying(() => ++calls < 3 ? Promise.reject(new Busy()) : Promise.resolve(), fake());
  assertEquals(events.take(), ["retried table", "retried table"]);
  await assertRejects(() => retrying(() => Promise.reject(new TypeError("bug")), fake()), TypeError);
  assertEquals(events.take(), []);
});
