import { assertEquals, assertRejects } from "@std/assert";
import { SharedSync } from "./shared_sync.ts";

/** A sync that ends when it is told to, and a count of those begun. */
function makeSync() {
  const begun: PromiseWithResolvers<void>[] = [];
  const shared = new SharedSync(() => {
    const sync = Promise.withResolvers<void>();
    begun.push(sync);
    return sync.promise;
  });
  return { shared, begun };
}

/** Which of them have resolved by now. */
async function resolved(waiting: Promise<void>[]): Promise<boolean[]> {
  const done = waiting.map(() => false);
  waiting.forEach((one, i) => one.then(() => done[i] = true));
  await new Promise((resolve) => setTimeout(resolve));
  return done;
}

Deno.test("SharedSync run() begins one sync for all callers that arrive while another runs", async () => {
  const { shared, begun } = makeSync();
  const first = shared.run();
  const later = [shared.run(), shared.run(), shared.run()];
  assertEquals(begun.length, 1);
  begun[0]?.resolve();
  assertEquals(await resolved([first, ...later]), [true, false, false, false]);
  assertEquals(begun.length, 2);
  begun[1]?.resolve();
  assertEquals(await resolved(later), [true, true, true]);
  assertEquals(begun.length, 2);
});

Deno.test("SharedSync run() begins another sync when the one it would join has begun", async () => {
  const { shared, begun } = makeSync();
  const waiting = [shared.run(), shared.run()];
  begun[0]?.resolve();
  await waiting[0];
  assertEquals(await resolved(waiting), [true, false]);
  waiting.push(shared.run());
  begun[1]?.resolve();
  assertEquals(await resolved(waiting), [true, true, false]);
  begun[2]?.resolve();
  await Promise.all(waiting);
});

Deno.test("SharedSync run() begins at once when nothing runs any more", async () => {
  const { shared, begun } = makeSync();
  for (const n of [0, 1, 2]) {
    const waiting = shared.run();
    assertEquals(begun.length, n + 1);
    begun[n]?.resolve();
    await waiting;
  }
});

Deno.test("SharedSync run() rejects for the callers that wait behind a failed sync, and then starts again", async () => {
  const { shared, begun } = makeSync();
  const waiting = [shared.run(), shared.run(), shared.run()].map((one) =>
    assertRejects(() => one, Error, "I/O error")
  );
  begun[0]?.reject(new Error("I/O error"));
  await Promise.all(waiting);
  assertEquals(begun.length, 1);
  const again = shared.run();
  begun[1]?.resolve();
  await again;
});
