import { type Figure, median, percentile } from "./figure.ts";
import { load } from "./load/mod.ts";
import { ratios } from "./rounds.ts";
import type { Server } from "./server.ts";
import { milliseconds } from "./text.ts";

/** Milliseconds of one kind for each round, on both sides. */
interface Pair {
  readonly without: number[];
  readonly during: number[];
}

/** Times of pushes without garbage collection and beside it. */
export interface PairedPushes {
  /** The push in the middle. */
  readonly middle: Pair;
  /** The 99th percentile. */
  readonly slowest: Pair;
}

/** Pushes so many small images, one after the other; answers the milliseconds of each. */
export function pushTimes({ port }: Server, count: number): Promise<number[]> {
  return load("pushTimes", { port, repository: "bench/pushed", count });
}

/** Pushes to both servers in turn, after a round that does not count. `during` collects garbage; it stands still in the other's turn. */
export async function pairPushes(
  { without, during }: { without: Server; during: Server },
  { rounds, count }: { rounds: number; count: number },
): Promise<PairedPushes> {
  const pairs: PairedPushes = {
    middle: { without: [], during: [] },
    slowest: { without: [], during: [] },
  };
  for (let round = 0; round <= rounds; round++) {
    Deno.kill(during.pid, "SIGSTOP"); // or it would take its part of the machine from the other one
    const times = { without: await pushTimes(without, count), during: [] as number[] };
    Deno.kill(during.pid, "SIGCONT");
    times.during = await pushTimes(during, count);
    if (round === 0) continue;
    for (const side of ["without", "during"] as const) {
      pairs.middle[side].push(median(times[side]));
      pairs.slowest[side].push(percentile(times[side], 0.99));
    }
  }
  return pairs;
}

/** Figures of the pushes: `name` says what is collected meanwhile. */
export function pushFigures({ middle, slowest }: PairedPushes, name: string, detail = ""): Figure[] {
  const figure = (name: string, { during, without }: Pair): Figure => ({
    name,
    samples: ratios(during, without),
    unit: "x",
    counts: "median",
    target: { atMost: 1.2 },
    detail: `${milliseconds(during)}, else ${milliseconds(without)}${detail}`,
  });
  return [figure(`${name} / else: median`, middle), figure("the same: 99th percentile", slowest)];
}
