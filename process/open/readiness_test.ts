import { assertEquals } from "@std/assert";
import { createReadiness, type ReadinessOptions } from "./readiness.ts";

function setUp(options: Partial<ReadinessOptions> = {}) {
  const state = { time: 0, failure: undefined as Error | undefined, probes: 0, changes: [] as unknown[] };
  const ready = createReadiness({
    async probe() {
      state.probes++;
      await Promise.resolve();
      if (state.failure !== undefined) throw state.failure;
    },
    changed: (error) => state.changes.push(error),
    now: () => state.time,
    ...options,
  });
  return { state, ready };
}

Deno.test("createReadiness() asks once for all callers, and again when the answer is a second old", async () => {
  const { state, ready } = setUp();
  assertEquals(await Promise.all([ready(), ready(), ready()]), [true, true, true]);
  state.time = 999;
  assertEquals([await ready(), state.probes], [true, 1]);
  state.time = 1000;
  assertEquals([await ready(), state.probes], [true, 2]);
  assertEquals(state.changes, []);
});

Deno.test("createReadiness() reports a failure once and the recovery once", async () => {
  const { state, ready } = setUp();
  state.failure = new Error("Bucket is gone");
  assertEquals(await ready(), false);
  state.time = 1000;
  assertEquals(await ready(), false);
  assertEquals(state.changes, [state.failure]);
  const { failure } = state;
  state.failure = undefined;
  state.time = 1500;
  assertEquals(await ready(), false, "the answer is remembered");
  state.time = 2000;
  assertEquals(await ready(), true);
  assertEquals(state.changes, [failure, undefined]);
});

Deno.test("createReadiness() is not ready when the probe takes too long, and asks again later", async () => {
  const slow = Promise.withResolvers<void>();
  const { state, ready } = setUp({ probe: () => slow.promise, limit: 10 });
  assertEquals(await ready(), false);
  assertEquals((state.changes[0] as Error).message, "Storage did not answer within 10 ms");
  slow.resolve();
  state.time = 1000;
  assertEquals(await ready(), true);
});
