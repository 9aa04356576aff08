import process from "node:process";
import { INSTRUMENTS } from "./instruments.ts";
import type { Meter } from "./meter.ts";

/** Milliseconds between two samples of the delay of the event loop. */
const SAMPLE_INTERVAL_MS = 500;

/** Versions of the running programs. */
export interface Versions {
  /** Version of the registry. */
  readonly skerry: string;
  /** Version of Deno. */
  readonly deno: string;
}

/** Adds memory, CPU time, start, event loop and versions of this process to the meters. Returns a function that ends it. */
export function measureProcess(meters: readonly Meter[], versions: Versions): () => void {
  const startedAt = (Date.now() - performance.now()) / 1000;
  for (const meter of meters) {
    const watch = (instrument: Parameters<Meter["watch"]>[0], read: () => number) =>
      meter.watch(instrument, () => [{ labels: [], value: read() }]);
    watch(INSTRUMENTS.startTime, () => startedAt);
    watch(INSTRUMENTS.processes, () => 1);
    watch(INSTRUMENTS.memory, () => process.memoryUsage.rss());
    watch(INSTRUMENTS.cpu, cpuSeconds);
    meter.watch(INSTRUMENTS.build, () => [{ labels: [versions.skerry, versions.deno], value: 1 }]);
  }
  const measures = meters.map((meter) => meter.measure(INSTRUMENTS.loopDelay, []));
  return sampleLoop((seconds) => {
    for (const measure of measures) measure(seconds);
  });
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Reports by how many seconds a timer is late. Returns a function that ends it. */
function sampleLoop(late: (seconds: number) => void): () => void {
  let due = performance.now() + SAMPLE_INTERVAL_MS;
  const timer = setInterval(() => {
    const now = performance.now();
    late(Math.max(0, now - due) / 1000);
    due = now + SAMPLE_INTERVAL_MS;
  }, SAMPLE_INTERVAL_MS);
  Deno.unrefTimer(timer);
  return () => clearInterval(timer);
}
