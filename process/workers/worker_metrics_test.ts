import { assertEquals } from "@std/assert";
import { INSTRUMENTS, PrometheusMeter, type Snapshot, sumOf } from "../../telemetry/mod.ts";
import type { ToWorker } from "./messages.ts";
import { WorkerMetrics } from "./worker_metrics.ts";
import type { WorkerSlot } from "./worker_slot.ts";

/** Metrics of a worker that has refused so many requests. */
function refusals(count: number): Snapshot {
  const meter = new PrometheusMeter([INSTRUMENTS.refusals]);
  meter.measure(INSTRUMENTS.refusals, ["quota"])(count);
  return meter.snapshot();
}

/** Slot of an open worker, and the messages to it. */
function fakeSlot() {
  const sent: ToWorker[] = [];
  const slot = { isOpen: true, send: (message: ToWorker) => void sent.push(message) };
  return { slot: slot as unknown as WorkerSlot, sent };
}

/** Two workers, the first of which collects: the number of refusals that it then adds to its own. */
function setUp() {
  const [first, second] = [fakeSlot(), fakeSlot()];
  const metrics = new WorkerMetrics([first.slot, second.slot]);
  const lastId = ({ sent }: typeof first) => (sent.at(-1) as { id: number }).id;
  return {
    metrics,
    first,
    second,
    answer: (worker: typeof first, count: number) =>
      metrics.receive(worker.slot, { kind: "measured", id: lastId(worker), snapshot: refusals(count) }),
    async others(): Promise<number | undefined> {
      while (first.sent.at(-1)?.kind !== "collected") await new Promise((resolve) => setTimeout(resolve, 5));
      const { snapshots } = first.sent.at(-1) as { snapshots: Snapshot[] };
      const [metric] = await sumOf(snapshots) as unknown as { values: { labels: object; value: number }[] }[];
      return metric?.values.find(({ labels }) => Object.values(labels)[0] === "quota")?.value;
    },
  };
}

Deno.test("WorkerMetrics hands the metrics of the other workers to the one that asks, when all have answered", async () => {
  const { metrics, first, second, answer, others } = setUp();
  metrics.collect(first.slot, 7);
  await answer(second, 3);
  assertEquals(first.sent.map(({ kind }) => kind), ["measure"]);
  await answer(first, 100);
  assertEquals(await others(), 3);
  assertEquals((first.sent.at(-1) as { id: number }).id, 7);
});

Deno.test("WorkerMetrics keeps the counts of workers that have ended", async () => {
  const { metrics, first, second, answer, others } = setUp();
  metrics.collect(first.slot, 0);
  await Promise.all([answer(first, 100), answer(second, 3)]);
  assertEquals(await others(), 3);
  metrics.forget(second.slot);
  metrics.forget(second.slot);
  metrics.collect(first.slot, 1);
  await Promise.all([answer(first, 100), answer(second, 1)]);
  assertEquals(await others(), 4);
  metrics.forget(first.slot);
  metrics.collect(first.slot, 2);
  await Promise.all([answer(first, 0), answer(second, 2)]);
  assertEquals(await others(), 105);
});

Deno.test("WorkerMetrics does not wait for a worker that ends, and takes its last metrics", async () => {
  const { metrics, first, second, answer, others } = setUp();
  metrics.collect(first.slot, 0);
  await Promise.all([answer(first, 100), answer(second, 3)]);
  await others();
  metrics.collect(first.slot, 1);
  await answer(first, 100);
  metrics.forget(second.slot);
  assertEquals(await others(), 3);
});

Deno.test("WorkerMetrics takes the last metrics of a worker that does not answer", async () => {
  const { metrics, first, second, answer, others } = setUp();
  metrics.collect(first.slot, 0);
  await Promise.all([answer(first, 100), answer(second, 3)]);
  await others();
  metrics.collect(first.slot, 1);
  assertEquals(first.sent.at(-1)?.kind, "measure");
  await answer(first, 100);
  assertEquals(await others(), 3);
  // Its late answer counts for the next collection only.
  await answer(second, 4);
  metrics.collect(first.slot, 2);
  await Promise.all([answer(first, 100), answer(second, 5)]);
  assertEquals(await others(), 5);
});
