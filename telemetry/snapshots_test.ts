import { assertEquals } from "@std/assert";
import { INSTRUMENTS } from "./instruments.ts";
import { exposition, lastOf, PrometheusMeter, type Snapshot, sumOf } from "./mod.ts";

const USED = [INSTRUMENTS.refusals, INSTRUMENTS.commitWrites, INSTRUMENTS.memory, INSTRUMENTS.startTime];

/** Metrics of a process, as they arrive from another one. */
function snapshotOf(
  quotas: number,
  writes: number[],
  memory: number,
  start: number,
): Snapshot {
  const meter = new PrometheusMeter(USED);
  meter.measure(INSTRUMENTS.refusals, ["quota"])(quotas);
  for (const count of writes) meter.measure(INSTRUMENTS.commitWrites, [])(count);
  meter.watch(INSTRUMENTS.memory, () => [{ labels: [], value: memory }]);
  meter.watch(INSTRUMENTS.startTime, () => [{ labels: [], value: start }]);
  return JSON.parse(JSON.stringify(meter.snapshot()));
}

const linesOf = async (snapshots: Snapshot[]) =>
  (await exposition(snapshots)).split("\n").filter((line) =>
    /quota|_count|le="2"|le="4"|^process/.test(line)
  );

Deno.test("exposition() adds counters, histograms and memory, and takes the earliest start", async () => {
  const snapshots = [snapshotOf(2, [1, 3], 100, 50), snapshotOf(3, [2], 200, 40)];
  assertEquals(await linesOf(snapshots), [
    'skerry_refusals_total{skerry_limit="quota"} 5',
    'skerry_sqlite_commit_writes_bucket{le="2"} 2',
    'skerry_sqlite_commit_writes_bucket{le="4"} 3',
    "skerry_sqlite_commit_writes_count 3",
    "process_resident_memory_bytes 300",
    "process_start_time_seconds 40",
  ]);
});

Deno.test("sumOf() and lastOf() keep the counts of processes that have ended, and no gauge of them", async () => {
  const ended = lastOf(snapshotOf(2, [1], 100, 10));
  const both = await sumOf([[], await sumOf([ended, lastOf(snapshotOf(1, [1], 100, 20))])]);
  assertEquals(await linesOf([both, snapshotOf(4, [], 200, 40)]), [
    'skerry_refusals_total{skerry_limit="quota"} 7',
    'skerry_sqlite_commit_writes_bucket{le="2"} 2',
    'skerry_sqlite_commit_writes_bucket{le="4"} 2',
    "skerry_sqlite_commit_writes_count 2",
    "process_resident_memory_bytes 200",
    "process_start_time_seconds 40",
  ]);
});
