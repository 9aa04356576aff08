import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { LateWriteError, StorageFullError, UnavailableError } from "../errors.ts";
import { Fence } from "../fence.ts";
import { GroupCommit } from "./group_commit.ts";
import type { Outcome, Write, WriteStep } from "./sqlite_batch.ts";
import { recording } from "../../telemetry/testing/recording.ts";

/** Statements of a write, which this test only tells apart. */
const steps = (name: string | number): WriteStep[] => [{ statement: "insert", values: [name] }];
const namesOf = (writes: Write[]) => writes.map(({ steps }) => steps[0]!.values[0]);

/** A commit that lasts until the test ends it, and the groups that it was called with. */
function openCommit() {
  const groups: ReturnType<typeof namesOf>[] = [];
  const running: PromiseWithResolvers<Outcome[]>[] = [];
  const commits = new GroupCommit((writes) => {
    groups.push(namesOf(writes));
    const commit = Promise.withResolvers<Outcome[]>();
    running.push(commit);
    return commit.promise;
  });
  const begun = async (count: number) => {
    while (running.length < count) await turn();
    return running[count - 1]!;
  };
  return { commits, groups, begun };
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

Deno.test("GroupCommit run() commits once when writes come together", async () => {
  const { commits, groups, begun } = openCommit();
  const names = Array.from({ length: 20 }, (_, n) => n);
  const writes = names.map(async (n) => {
    if (n % 2) await Promise.resolve(); // as a handler that awaits something on its way
    return await commits.run(steps(n));
  });
  assertEquals(groups, []);
  const commit = await begun(1);
  commit.resolve(groups[0]!.map(Number));
  assertEquals(await Promise.all(writes), names, "each gets the outcome of its own");
  await commits.drain();
  assertEquals(groups.length, 1);
});

Deno.test("GroupCommit run() puts writes into one transaction when they come during a commit", async () => {
  const { commits, groups, begun } = openCommit();
  const first = commits.run(steps("a"));
  const commit = await begun(1);
  const later = ["b", "c"].map((name) => commits.run(steps(name)));
  await turn();
  assertEquals(groups, [["a"]], "one commit at a time");
  commit.resolve([1]);
  assertEquals(await first, 1);
  (await begun(2)).resolve([1, 0]);
  assertEquals(await Promise.all(later), [1, 0]);
  assertEquals(groups, [["a"], ["b", "c"]]);
});

Deno.test("GroupCommit run() rejects every write of a group when its commit fails, and goes on after it", async () => {
  const { commits, begun } = openCommit();
  const writes = Promise.allSettled(["a", "b"].map((name) => commits.run(steps(name))));
  (await begun(1)).reject(new Error("Cannot write"));
  assertEquals((await writes).map(({ status }) => status), ["rejected", "rejected"]);
  const write = commits.run(steps("c"));
  (await begun(2)).resolve([1]);
  assertEquals(await write, 1);
});

Deno.test("GroupCommit run() rejects with StorageFullError when there is no room", async () => {
  const { commits, begun } = openCommit();
  const write = commits.run(steps("a")).catch((error: unknown) => error);
  (await begun(1)).reject(Object.assign(new Error("database or disk is full"), { errcode: 13 }));
  assertInstanceOf(await write, StorageFullError);
});

Deno.test("GroupCommit run() sends the time until the fence, and rejects alone when it has passed", async () => {
  const sent: Write[] = [];
  const commits = new GroupCommit((writes) => {
    sent.push(...writes);
    return Promise.resolve(["late", 1]);
  });
  const before = Date.now();
  const [late, other] = [commits.run(steps("a"), new Fence(() => 5, 1005)), commits.run(steps("b"))];
  await assertRejects(() => late, LateWriteError);
  assertEquals(await other, 1);
  const until = sent[0]?.until ?? 0;
  assert(until >= before + 1000 && until <= Date.now() + 1000, `${until}`);
  assertEquals(sent[1]?.until, undefined);
});

Deno.test("GroupCommit drain() waits for pending writes", async () => {
  const { commits, begun } = openCommit();
  const write = commits.run(steps("a"));
  let isDrained = false;
  const drained = commits.drain().then(() => isDrained = true);
  const commit = await begun(1);
  await turn();
  assertEquals(isDrained, false);
  commit.resolve([1]);
  await Promise.all([drained, write]);
});

/** A database whose lock another process holds while `isLocked`, and a clock that goes on with each pause. */
function openLocked() {
  const state = { isLocked: true, now: 0, pauses: [] as number[] };
  const commit = (writes: Write[]): Promise<Outcome[]> => {
    if (state.isLocked) return Promise.reject(Object.assign(new Error("database is locked"), { errcode: 5 }));
    return Promise.resolve(writes.map(() => 1));
  };
  const commits = new GroupCommit(commit, {
    now: () => state.now,
    async sleep(milliseconds) {
      state.pauses.push(milliseconds);
      await turn();
      state.now += milliseconds;
    },
  });
  return { state, commits };
}

Deno.test("GroupCommit run() rejects with UnavailableError when the database is locked for 10 seconds", async () => {
  const { state, commits } = openLocked();
  await assertRejects(() => commits.run(steps(1)), UnavailableError, "Cannot write to the table");
  assertEquals(state.now, 10_028);
  assertEquals(state.pauses.slice(0, 4), [1, 2, 5, 10]);
  state.isLocked = false;
  assertEquals(await commits.run(steps(2)), 1);
});

Deno.test("GroupCommit run() gives each write 10 seconds of its own when the database is locked", async () => {
  const { state, commits } = openLocked();
  const early = commits.run(steps(1)).catch((error: unknown) => error);
  while (state.now < 5_000) await turn();
  const late = commits.run(steps(2));
  assertInstanceOf(await early, UnavailableError);
  state.isLocked = false;
  assertEquals(await late, 1);
});

Deno.test("GroupCommit run() reports waits, transactions and locks to telemetry", async () => {
  using events = recording();
  let attempts = 0;
  const commits = new GroupCommit((writes) => {
    const busy = Object.assign(new Error("locked"), { errcode: 5 });
    return ++attempts === 1 ? Promise.reject(busy) : Promise.resolve(writes.map(() => 1));
  });
  await Promise.all([commits.run(steps("a")), commits.run(steps("b"))]);
  assertEquals(events.take(), ["sqliteBusy", "committed 2", "waited sqlite", "waited sqlite"]);
});
