/**
 * Searches for runs that violate an invariant.
 *
 * @module
 */
import { createSHA256 } from "hash-wasm";
import type { Registry } from "../../registry/mod.ts";
import {
  collects,
  collectsCandidates,
  deletes,
  deletesBlob,
  deletesTag,
  inTurn,
  mounts,
  pulls,
  pushes,
  pushesImage,
  putsManifest,
  reads,
  readsBlob,
  swaps,
} from "./actors.ts";
import { anyActor, anyBeginning } from "./any_actor.ts";
import {
  AllChoices,
  type Choices,
  type Danger,
  DyingChoices,
  InterruptedChoices,
  RandomChoices,
} from "./choices.ts";
import { MemoryObjectStore, MemoryTable } from "../../storage/mod.ts";
import { deterministic } from "./deterministic.ts";
import { EXPIRY_MS, GRACE_MS, LONG_UNPULLED_MS, SHORT_EXPIRY_MS } from "./settings.ts";
import { operatorScenario } from "./operators.ts";
import { purgeScenario } from "./purges.ts";
import { eventScenario } from "./events.ts";
import type { Scenario } from "./scenario.ts";
import type { RegistryModule } from "./open_registry.ts";
import { Simulation } from "./simulation.ts";
import { Violation } from "./violation.ts";
import { BLOBS, FIRST, MANIFESTS, REPOSITORIES, SECOND } from "./world.ts";

/** A run that failed. */
export interface Failure {
  /** Which one. */
  name: string;
  /** A violation, and the history that led to it. */
  report: string;
}

/** Any processes, beside a collector. */
export function randomScenario(choices: Choices): Scenario {
  const below = (n: number) => choices.below(n);
  const deletes = below(2) === 0;
  const sparse = below(8) === 0;
  const verifies = below(6) === 0;
  const given = Array.from({ length: below(4) }, () => anyBeginning(below));
  const later = [
    0,
    GRACE_MS / 2,
    GRACE_MS + 600,
    GRACE_MS + 600,
    EXPIRY_MS + GRACE_MS + 600,
    LONG_UNPULLED_MS,
  ][below(6)]!;
  const times = 1 + below(2);
  const collector = below(2) === 0
    ? collects({ limit: [1, 3, 100][below(3)]!, times })
    : collectsCandidates({ times });
  const actors = Array.from(
    { length: 1 + below(3) },
    () => anyActor(below, { deletes: deletes || sparse, verifies }),
  );
  const immutable = below(4) === 0;
  const expiry = [EXPIRY_MS, EXPIRY_MS, GRACE_MS, SHORT_EXPIRY_MS][below(4)]!;
  return {
    given,
    later,
    actors: below(6) === 0 ? actors : [...actors, collector],
    immutable,
    sparse,
    verifies,
    expiry,
    ...(below(8) === 0 && { quota: [450, 900, 1500][below(3)]! }),
  };
}

/** Reads of a blob beside its deletes and pushes, over a table that counts its changes or not. */
function blobScenario(choices: Choices): Scenario {
  const below = (n: number) => choices.below(n);
  const blob = BLOBS[below(3)]!;
  const [ONE, TWO] = REPOSITORIES;
  const reads = () =>
    readsBlob(blob, below(4) === 0 ? TWO : ONE, { heads: below(2) === 0, times: 1 + below(5) });
  const given = [pushes(blob, ONE, "whole"), mounts(blob, TWO, ONE)];
  const actors = [
    reads(),
    reads(),
    deletesBlob(blob, ONE),
    anyActor(below, { deletes: true, verifies: false }),
    below(2) === 0 ? collectsCandidates() : pushes(blob, ONE, "whole"),
  ];
  return { given, later: [0, GRACE_MS + 600][below(2)]!, actors, counts: below(2) === 0 };
}

/** Pulls by a tag beside its moves and deletes, over a table that counts its changes. */
export function tagScenario(choices: Choices): Scenario {
  const below = (n: number) => choices.below(n);
  const [ONE] = REPOSITORIES;
  const pull = pulls(ONE, "a", { deletes: true });
  const changes = [
    pushesImage(SECOND, ONE, { tags: ["a"] }),
    putsManifest(FIRST, ONE, "a"),
    swaps(FIRST, ONE, "a"),
    deletesTag(ONE, "a"),
    deletes(FIRST, ONE),
    deletesBlob(BLOBS[below(3)]!, ONE),
  ];
  return {
    given: [pushesImage(FIRST, ONE, { tags: ["a"] })],
    later: [0, 0, GRACE_MS + 600][below(3)]!,
    actors: [
      inTurn(pull, pull, pull),
      inTurn(changes[below(6)]!, pull, changes[below(6)]!),
      below(2) === 0 ? pull : anyActor(below, { deletes: true, verifies: false }),
    ],
    counts: true,
  };
}

/** Reads of an image beside its pushes and deletes, by processes that have replicas of the stores. */
export function nearScenario(choices: Choices): Scenario {
  const below = (n: number) => choices.below(n);
  const [ONE] = REPOSITORIES;
  const options = () => ({ heads: below(3) === 0, times: 2 + below(4), pause: [0, 20, 60][below(3)]! });
  const readers = [
    pulls(ONE, "a", { deletes: true }),
    reads(FIRST, ONE, options()),
    readsBlob(BLOBS[below(3)]!, ONE, options()),
  ];
  const changes = [
    pushesImage(SECOND, ONE, { tags: ["a"] }),
    deletes(FIRST, ONE),
    deletesBlob(BLOBS[below(3)]!, ONE),
    deletesTag(ONE, "a"),
  ];
  return {
    given: [pushesImage(FIRST, ONE, { tags: ["a"] })],
    later: [0, 0, GRACE_MS + 600][below(3)]!,
    actors: [
      inTurn(readers[below(3)]!, readers[below(3)]!, readers[below(3)]!),
      inTurn(changes[below(4)]!, changes[below(4)]!, readers[below(3)]!),
      below(2) === 0 ? collects() : anyActor(below, { deletes: true, verifies: false }),
    ],
    tableReads: below(4) === 0 ? "home" : "near",
  };
}

/**
 * In every sixteenth run an operator copies or scrubs the registry beside the clients, in another sixteenth the clients
 * read one blob, in another they pull one tag, and in another they pull through a shared cache that is purged.
 */
function anyScenario(seed: number): (choices: Choices) => Scenario {
  return { 1: tagScenario, 5: operatorScenario, 9: blobScenario, 13: purgeScenario }[seed % 16] ??
    randomScenario;
}

/**
 * In every fourth run processes also pause before their calls; in half of these their writes may be late. In a few others
 * the object store fails.
 */
function dangerOf(seed: number): Danger | undefined {
  if (seed % 16 === 13) return "storing";
  if (seed % 4 !== 3) return undefined;
  return seed % 8 === 3 ? "stalls" : "unfenced";
}

/** Runs the scenario of a seed, or another one with the choices of the seed. */
export async function runSeed(
  module: RegistryModule,
  seed: number,
  scenario?: Scenario | ((choices: Choices) => Scenario),
): Promise<Failure | undefined> {
  const report = await attempt(module, seed, scenario, false);
  if (report === undefined) return undefined;
  return { name: `seed ${seed}`, report: await attempt(module, seed, scenario, true) ?? report };
}

const warmed = new WeakSet<RegistryModule>();

/** Loads the modules that a process loads at its first read or upload: no run may depend on that time. */
async function warm(module: RegistryModule): Promise<void> {
  if (warmed.has(module)) return;
  warmed.add(module);
  await createSHA256();
  await import("../../oci/glob.ts"); // for quotas and rules of retention
  const manifest = { digest: FIRST.digest, mediaType: FIRST.mediaType, bytes: FIRST.bytes };
  const registry = { getManifest: () => Promise.resolve(manifest) } as unknown as Registry;
  const epochs = {
    read: () => Promise.resolve(""),
    readWithTag: () => Promise.resolve({ digest: FIRST.digest, epoch: "" }),
    mostAge: 1,
  };
  const stores = { table: new MemoryTable(), objects: new MemoryObjectStore() };
  const stored = module.createRegistry({ ...stores, purges: { digests: true, tags: true, delay: 0 } });
  await stored.outbox?.();
  await stored.events?.();
  const cached = module.cached(registry, epochs, { count: 1 });
  await cached.getManifest?.(REPOSITORIES[0], { digest: FIRST.digest });
}

async function attempt(
  module: RegistryModule,
  seed: number,
  scenario: Scenario | ((choices: Choices) => Scenario) = anyScenario(seed),
  tracing: boolean,
): Promise<string | undefined> {
  await warm(module);
  return await deterministic(seed, async () => {
    const isFixed = typeof scenario !== "function";
    const danger = scenario === randomScenario
      ? dangerOf(seed)
      : scenario === eventScenario && seed % 3 === 0
      ? "often"
      : isFixed
      ? scenario.danger
      : undefined;
    const choices = new RandomChoices(seed, { danger });
    const chosen = isFixed ? scenario : scenario(choices);
    return await outcomeOf(new Simulation(module, chosen, choices, { tracing }));
  });
}

/** Runs a scenario once for each call of its first process, which dies at that call. */
export async function runDeaths(module: RegistryModule, scenario: Scenario): Promise<Exhaustion> {
  await warm(module);
  for (let runs = 1;; runs++) {
    const choices = new DyingChoices(runs);
    const report = await deterministic(0, () => {
      return outcomeOf(new Simulation(module, scenario, choices, { tracing: true }));
    });
    if (report !== undefined) return { runs, failure: { name: `death at call ${runs}`, report } };
    if (!choices.died) return { runs };
  }
}

/** Maximum calls after which {@linkcode runInterrupted} interrupts a process. */
const MAX_CALLS = 12;

/** Runs a scenario of three processes, each interrupted after any number of its first calls. */
export async function runInterrupted(module: RegistryModule, scenario: Scenario): Promise<Exhaustion> {
  await warm(module);
  let runs = 0;
  for (; runs < MAX_CALLS ** 3; runs++) {
    const cuts = [0, 1, 2].map((power) => Math.floor(runs / MAX_CALLS ** power) % MAX_CALLS);
    const choices = new InterruptedChoices(cuts as [number, number, number]);
    const report = await deterministic(0, () => {
      return outcomeOf(new Simulation(module, scenario, choices, { tracing: true }));
    });
    if (report !== undefined) return { runs, failure: { name: `interrupted after ${cuts} calls`, report } };
  }
  return { runs };
}

/** Result of a run of all orders. */
export interface Exhaustion {
  /** Number of runs that really differ. */
  runs: number;
  failure?: Failure;
}

/** Runs a scenario in every order of the first calls, up to a maximum number of runs. */
export async function runAll(
  module: RegistryModule,
  scenario: Scenario,
  { depth = Infinity, limit = Infinity } = {},
): Promise<Exhaustion> {
  await warm(module);
  const choices = new AllChoices(depth);
  let runs = 0;
  do {
    const report = await deterministic(
      0,
      () => outcomeOf(new Simulation(module, scenario, choices, { tracing: true })),
    );
    if (choices.isNew) runs++;
    if (report !== undefined) return { runs, failure: { name: `order ${runs}`, report } };
  } while (runs < limit && choices.next());
  return { runs };
}

async function outcomeOf(simulation: Simulation): Promise<string | undefined> {
  try {
    await simulation.run();
    return undefined;
  } catch (error) {
    const text = error instanceof Violation ? error.message : `A bug: ${(error as Error).stack}`;
    return readable(`${text}\n${simulation.trace}`);
  }
}

/** The text with names instead of digests, and short ids. */
function readable(text: string): string {
  const named = [...BLOBS, ...MANIFESTS].reduce(
    (text, { digest, name }) => text.replaceAll(digest, name),
    text,
  );
  return named.replaceAll(/([0-9a-f]{4})[0-9a-f]{28}(-[0-9a-z]+-[abc]-[0-9a-f]{16})?/g, "$1");
}
