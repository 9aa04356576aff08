import { assertEquals, assertGreater } from "@std/assert";
import {
  collects,
  collectsCandidates,
  deletes,
  deletesBlob,
  deletesTag,
  later,
  pushes,
  pushesImage,
  sweeps,
} from "./actors.ts";
import { COPY_BESIDE_REMOVAL, operatorScenario } from "./operators.ts";
import { testOrders } from "./orders.ts";
import { nearScenario, runDeaths, runSeed, tagScenario } from "./search.ts";
import { EVENTS, eventScenario } from "./events.ts";
import { PURGES } from "./purges.ts";
import { SMALL, STALLED } from "./scenarios.ts";
import { EXPIRY_MS, GRACE_MS } from "./settings.ts";
import { REAL } from "./open_registry.ts";
import { BLOBS, FIRST, REPOSITORIES, SECOND } from "./world.ts";

/** Number of runs that a run of all tests can afford; `deno task simulate` runs as many as it is asked for. */
const [SEEDS, OPERATOR_SEEDS, NEAR_SEEDS, TAG_SEEDS] = [3000, 500, 500, 200] as const;
const [STALLED_SEEDS, PURGE_SEEDS, EVENT_SEEDS] = [100, 100, 500] as const;

/** Another part of the seeds and their runs can be had by `SIMULATION_SEED`. */
const FIRST_SEED = Number(Deno.env.get("SIMULATION_SEED") ?? 20_261_124);

const [ONE, TWO] = REPOSITORIES;
const [CONFIG] = BLOBS;

Deno.test(`nothing is lost and nothing left in ${SEEDS} runs from seed ${FIRST_SEED} on`, async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
    assertEquals(await runSeed(REAL, seed), undefined);
  }
});

Deno.test(`backups are whole and scrubs harm nothing in ${OPERATOR_SEEDS} runs from seed ${FIRST_SEED} on`, async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + OPERATOR_SEEDS; seed++) {
    assertEquals(await runSeed(REAL, seed, operatorScenario), undefined);
  }
});

Deno.test(`replicas answer nothing wrong and no false 404 in ${NEAR_SEEDS} runs from seed ${FIRST_SEED} on`, async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + NEAR_SEEDS; seed++) {
    assertEquals(await runSeed(REAL, seed, nearScenario), undefined);
  }
});

Deno.test(`a tag is never answered as it was before in ${TAG_SEEDS} runs from seed ${FIRST_SEED} on`, async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + TAG_SEEDS; seed++) {
    assertEquals(await runSeed(REAL, seed, tagScenario), undefined);
  }
});

Deno.test("a copy of a running registry is whole where an image is deleted and collected meanwhile", async () => {
  for (let seed = 0; seed < 300; seed++) {
    assertEquals(await runSeed(REAL, seed, COPY_BESIDE_REMOVAL), undefined);
  }
});

testOrders(SMALL);

for (const [name, scenario] of Object.entries(STALLED)) {
  Deno.test(`nothing stays lost in ${STALLED_SEEDS} runs of ${name}`, async () => {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + STALLED_SEEDS; seed++) {
      assertEquals(await runSeed(REAL, seed, scenario), undefined);
    }
  });
}

Deno.test("nothing is lost and nothing left where a collector dies at any of its calls", async () => {
  const { runs, failure } = await runDeaths(REAL, {
    given: [pushes(CONFIG, ONE, "whole"), later(EXPIRY_MS + 600, sweeps())],
    later: 0,
    actors: [collects(), pushes(CONFIG, TWO, "whole"), pushesImage(FIRST, ONE, { tags: ["a"] }), collects()],
  });
  assertEquals(failure, undefined);
  assertGreater(runs, 10);
});

for (const [name, scenario] of Object.entries(PURGES)) {
  Deno.test(`a shared cache has no false answer after ${name} and its purge`, async () => {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + PURGE_SEEDS; seed++) {
      assertEquals(await runSeed(REAL, seed, scenario), undefined);
    }
  });
}

Deno.test(`each change is an event, in its order, in ${EVENT_SEEDS} runs from seed ${FIRST_SEED} on`, async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + EVENT_SEEDS; seed++) {
    assertEquals(await runSeed(REAL, seed, eventScenario), undefined);
  }
});

for (const [name, scenario] of Object.entries(EVENTS)) {
  Deno.test(`each change is an event, in its order, after ${name}`, async () => {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + EVENT_SEEDS / 10; seed++) {
      assertEquals(await runSeed(REAL, seed, scenario), undefined);
    }
  });
}

const CANDIDATES_SUFFICE = {
  "a delete of a manifest": deletes(FIRST, ONE),
  "a delete of a blob": deletesBlob(CONFIG, ONE),
  "a delete of a tag": deletesTag(ONE, "a"),
  "a collector by candidates": collectsCandidates(),
};

for (const [name, actor] of Object.entries(CANDIDATES_SUFFICE)) {
  Deno.test(`candidates name all garbage, without a full pass, where ${name} dies at any of its calls`, async () => {
    const { runs, failure } = await runDeaths(REAL, {
      given: [
        pushesImage(FIRST, ONE, { tags: ["a"] }),
        pushesImage(SECOND, ONE),
        deletes(SECOND, ONE),
        later(EXPIRY_MS + GRACE_MS, sweeps()),
      ],
      later: GRACE_MS,
      actors: [actor],
      candidatesSuffice: true,
    });
    assertEquals(failure, undefined);
    assertGreater(runs, 3);
  });
}

Deno.test("runSeed() gives the same run for the same seed", async () => {
  const broken = { ...REAL, createRegistry: () => ({ registry: {} }) as never, cached: () => ({}) as never };
  const first = await runSeed(broken, 7);
  assertEquals(first?.report.includes("A bug: "), true);
  assertEquals(await runSeed(broken, 7), first);
});
