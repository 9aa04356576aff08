import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { loadConfig } from "../../config/config.ts";
import { createLog } from "../log/mod.ts";
import { startUpkeep, warningOf } from "./upkeep.ts";
import { recording } from "../../telemetry/testing/recording.ts";

const HOUR = 3_600_000;

Deno.test("warningOf() warns of a full pass that takes longer than its interval, once an estimate means something", () => {
  const progress = { startedAt: 0, items: 1000, done: 0.27 };
  assertEquals(warningOf({ ...progress, estimate: HOUR }, HOUR), undefined);
  const warning = warningOf({ ...progress, estimate: HOUR + 1 }, HOUR);
  assert(warning !== undefined);
  assertStringIncludes(warning, "longer than its interval");
  assertEquals(warningOf({ ...progress, done: 0, estimate: Infinity }, HOUR), undefined);
});

Deno.test("Upkeep.run() applies the rules of retention, for at most half of its time", async () => {
  const retention = [{ repositories: ["**"], keepTags: [{ newest: 1 }] }];
  const config = await loadConfig({ SKERRY_RETENTION: JSON.stringify(retention) });
  for (const [budget, expected] of [[60_000, 3], [0, 1]] as const) {
    const audited: unknown[] = [];
    const log = { ...createLog({ format: "off" }), audit: (event: unknown) => void audited.push(event) };
    const stored = {
      sweep: () => Promise.resolve({ uploads: 0, objects: 0 }),
      collectCandidates: () => Promise.resolve({}),
      continueCollection: () => Promise.resolve(true),
      async *retain() {
        for (const name of ["v1", "v2", "v3"]) {
          yield await Promise.resolve({ kind: "tag", repository: "a", name, reason: "no rule keeps it" });
        }
      },
    };
    const upkeep = startUpkeep(config, stored as never, log as never);
    await upkeep.run(budget);
    upkeep.stop();
    assertEquals(audited.length, expected, "each tag that is gone is in the audit");
  }
});

Deno.test("startUpkeep() sweeps failed logins again and again, whether the process sweeps uploads or not", async () => {
  const { setTimeout } = globalThis;
  const idle = {
    sweep: () => Promise.reject(new Error("No table")),
    collectCandidates: () => Promise.resolve({}),
    continueCollection: () => Promise.resolve(true),
  };
  for (const settings of [{ SKERRY_READ_ONLY: "on" }, { SKERRY_SWEEP_INTERVAL: "0" }, {}]) {
    const config = await loadConfig(settings as Record<string, string>);
    const planned: (() => Promise<void>)[] = [];
    let swept = 0;
    const sweepAccess = () => Promise.resolve(void swept++);
    globalThis.setTimeout = ((run: () => Promise<void>) => planned.push(run)) as never;
    try {
      const upkeep = startUpkeep(config, { ...idle, sweepAccess } as never, createLog({ format: "off" }));
      for (let turn = 0; turn < 2; turn++) await Promise.all(planned.splice(0).map((run) => run()));
      upkeep.stop();
    } finally {
      globalThis.setTimeout = setTimeout;
    }
    assertEquals(swept, 2);
  }
});

Deno.test("Upkeep reports its runs and removals to telemetry, and the progress of a full pass", async () => {
  using events = recording();
  const config = await loadConfig({
    SKERRY_RETENTION: '[{"repositories": ["**"], "keepTags": [{"newest": 1}]}]',
  });
  const stored = {
    sweep: () => Promise.resolve({ uploads: 2, objects: 0 }),
    collectCandidates: ({ removed }: { removed: (removal: unknown) => void }) => {
      removed({ kind: "blob", size: 7 });
      return Promise.resolve({});
    },
    continueCollection: ({ progressed }: { progressed: (progress: unknown) => void }) => {
      progressed({ startedAt: 0, items: 10, done: 0.5, estimate: 60_000 });
      return Promise.reject(new Error("No table"));
    },
    async *retain() {
      yield await Promise.resolve({ kind: "tag", repository: "a", name: "v1", reason: "no rule keeps it" });
    },
  };
  const upkeep = startUpkeep(config, stored as never, createLog({ format: "off" }));
  assertEquals(events.read("skerry.collection.progress"), undefined);
  await assertRejects(() => upkeep.run(60_000), Error, "No table");
  upkeep.stop();
  assertEquals(events.take(), [
    "ran sweep true",
    "uploads expired 2",
    "removed sweep upload 2",
    "removed retention tag 1",
    "ran retention true",
    "removed collect-candidates blob 1 7",
    "ran collect-candidates true",
    "ran full-pass false",
  ]);
  assertEquals(events.read("skerry.collection.progress"), 0.5);
  assertEquals(events.read("skerry.collection.estimate"), 60);
  assertEquals(events.read("skerry.collection.interval"), 86_400);
});
