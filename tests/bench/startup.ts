import type { Figure } from "./figure.ts";
import { makeFolder } from "./folder.ts";
import { interleave, ratios } from "./rounds.ts";
import { type Server, startServer } from "./server.ts";
import { startSubject } from "./subject.ts";
import { milliseconds } from "./text.ts";

/** Spawns in each round: one of them takes so short that much else matters. */
const SPAWNS = 3;

/** From spawn to the first answer, beside an app of Hono that does nothing else. */
export async function startup(rounds: number): Promise<Figure[]> {
  await using data = await makeFolder();
  const times = await interleave(rounds * SPAWNS, {
    again: () => startupOf(startSubject({ data })),
    fresh: () => startupOf(startSubject()),
    hono: () => startupOf(startServer({ script: "tests/bench/baseline/hono.ts" })),
  });
  return (["again", "fresh"] as const).map((side) => ({
    name: `spawn to first answer, ${side === "again" ? "data folder in use" : "no data yet"} / bare Hono`,
    samples: ratios(times[side], times.hono),
    unit: "x",
    counts: "median",
    target: { atMost: 2 },
    detail: `${milliseconds(times[side])}, Hono ${milliseconds(times.hono)}`,
  }));
}

async function startupOf(starting: Promise<Server>): Promise<number> {
  await using server = await starting;
  return server.startup;
}
