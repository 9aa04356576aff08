import { assertEquals, assertRejects } from "@std/assert";
import { UnavailableError } from "./errors.ts";
import { retrying, type RetryOptions } from "./retry.ts";

class Busy extends Error {}

/** Options under which pauses take no time, but count. */
function fake(): RetryOptions & { pauses: number[] } {
  let time = 0;
  const pauses: number[] = [];
  return {
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

Deno.test("retrying() answers what the first attempt that succeeds does", async () => {
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

Deno.test("retrying() throws what is not transient at once", async () => {
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
