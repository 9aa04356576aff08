import { assertEquals } from "@std/assert";
import { startSweeper } from "./repeat.ts";

Deno.test("startSweeper() sweeps again and again, one sweep at a time, also after one that failed", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const failures: unknown[] = [];
  let running = 0;
  let most = 0;
  let count = 0;
  const sweeper = startSweeper({
    interval: 1,
    failed: (error) => failures.push(error),
    async sweep() {
      most = Math.max(most, ++running);
      await new Promise((done) => setTimeout(done, 3));
      running--;
      if (++count === 2) throw "broken";
      if (count === 4) resolve();
    },
  });
  await promise;
  sweeper.stop();
  assertEquals([failures, most], [["broken"], 1]);
});

Deno.test("startSweeper() never sweeps when the interval is 0", () => {
  // The sanitizer would find a timer.
  startSweeper({ interval: 0, failed() {}, sweep: () => Promise.resolve() });
});

Deno.test("stop() ends the sweeping, and reports no failure of a sweep that it interrupted", async () => {
  const begun = Promise.withResolvers<void>();
  const end = Promise.withResolvers<void>();
  const failures: unknown[] = [];
  const sweeper = startSweeper({
    interval: 1,
    failed: (error) => failures.push(error),
    sweep() {
      begun.resolve();
      return end.promise;
    },
  });
  await begun.promise;
  sweeper.stop();
  end.reject(new Error("the database is closed"));
  await end.promise.catch(() => {});
  await new Promise((done) => setTimeout(done, 5));
  assertEquals(failures, []);
});
