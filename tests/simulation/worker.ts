/// <reference lib="deno.worker" />
/**
 * Simulates runs for `main.ts`.
 *
 * @module
 */
import type { Result, Task } from "./main.ts";
import { runSeed } from "./search.ts";
import { REAL } from "./open_registry.ts";

self.onmessage = async ({ data: { from, count } }: MessageEvent<Task>) => {
  const result: Result = { count, failures: [] };
  for (let seed = from; seed < from + count; seed++) {
    const failure = await runSeed(REAL, seed);
    if (failure !== undefined) result.failures.push(failure);
  }
  self.postMessage(result);
};
