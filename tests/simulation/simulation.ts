/**
 * Runs the real `registry/` over memory, a call at a time, in an order that a seed or a search decides, and checks what
 * must be true.
 *
 * @module
 */
import type { StoredRegistry } from "../../registry/mod.ts";
import { MemoryObjectStore, MemoryTable, UnavailableError } from "../../storage/mod.ts";
import type { Actor } from "./actors.ts";
import { checkAcknowledged, checkNothingLeft, checkStructure, type Quiet } from "./checks.ts";
import type { Choices } from "./choices.ts";
import { Client, GivenUp } from "./client.ts";
import { History, MOST_LAG } from "./history.ts";
import { Ledger } from "./ledger.ts";
import { Scheduler, type SimulatedProcess } from "./scheduler.ts";
import { DEADLINE, EXPIRY, GRACE, SKEW } from "./settings.ts";
import { type Caller, type Shared, SimulatedObjects, SimulatedTable } from "./stores.ts";
import { Violation } from "./violation.ts";

/** The code under test: `registry/` itself, or a copy with something wrong in it. */
export type RegistryModule = Pick<typeof import("../../registry/mod.ts"), "createRegistry">;

/** What happens in a run. */
export interface Scenario {
  /** Who comes before all else, one after the other, without faults. */
  given: Actor[];
  /** Milliseconds that pass then. */
  later: number;
  /** Who comes at the same time. */
  actors: Actor[];
  /** Whether much goes wrong. */
  risky?: boolean;
}

/** When every run begins, in milliseconds since the epoch. */
const START = 1_700_000_000_000;

/** So many collections are needed at the most until nothing is left: what a blob's edges have kept goes in the next one. */
const COLLECTIONS = 3;

/** A process, and a client whose requests all go to it. */
interface RunningProcess {
  stored: StoredRegistry;
  client: Client;
}

/** A run of one scenario. */
export class Simulation {
  readonly #module: RegistryModule;
  readonly #scenario: Scenario;
  readonly #ledger = new Ledger();
  readonly #shared: Shared;
  readonly #choices: Choices;
  readonly #scheduler: Scheduler;
  readonly #violations: Error[] = [];
  #moments = 0;

  constructor(module: RegistryModule, scenario: Scenario, choices: Choices, { tracing = false } = {}) {
    this.#module = module;
    this.#scenario = scenario;
    this.#choices = choices;
    this.#scheduler = new Scheduler(choices, { now: START, tracing, stall: 2 * GRACE, unavailable });
    let versions = 0;
    const newVersion = () => `v${versions++}`;
    const table = new MemoryTable({ newVersion: () => this.#shared.nextVersion ?? newVersion() });
    this.#shared = {
      table,
      objects: new MemoryObjectStore({ partSize: 8 }),
      history: new History(table, () => this.#scheduler.now, (n) => choices.below(n)),
      nextVersion: undefined,
      newVersion,
      beforeDelete: (keys) => this.#checkDeletable(keys),
    };
  }

  /** What has happened, for a person. */
  get trace(): string {
    return this.#scheduler.trace.join("\n");
  }

  /** Steps of the run. */
  get steps(): number {
    return this.#scheduler.steps;
  }

  /**
   * Runs it.
   *
   * @throws {Violation} where something is not as it must be.
   */
  async run(): Promise<void> {
    const { given, later, actors } = this.#scenario;
    const quiet = this.#quietProcess();
    for (const actor of given) await this.#act(actor, quiet);
    this.#scheduler.now += later;
    for (const [i, actor] of actors.entries()) {
      const skew = this.#choices.below(3) === 0 ? this.#choices.below(SKEW + 1) - SKEW / 2 : 0;
      this.#scheduler.spawn(
        `${i} ${actor.name}`,
        (process) => this.#act(actor, this.#scheduledProcess(process, skew)),
      );
    }
    await this.#scheduler.run();
    this.#throwViolation();
    this.#scheduler.now += MOST_LAG;
    await this.#checkQuiet(quiet.stored);
  }

  async #checkQuiet(stored: StoredRegistry): Promise<void> {
    const { table, objects } = this.#shared;
    const scheduler = this.#scheduler;
    const look = (): Quiet => ({
      registry: stored.registry,
      table,
      objects,
      ledger: this.#ledger,
      now: scheduler.now,
    });
    await checkAcknowledged(look());
    await checkStructure(look());
    for (let time = 0; time < COLLECTIONS; time++) {
      scheduler.now += EXPIRY + GRACE + SKEW + 1;
      await stored.sweep();
      for (let step = await stored.collect(); step.next !== undefined;) {
        step = await stored.collect({ after: step.next });
      }
    }
    this.#throwViolation();
    await checkAcknowledged(look());
    await checkStructure(look());
    await checkNothingLeft(look());
  }

  async #act(actor: Actor, { stored, client }: RunningProcess): Promise<void> {
    try {
      await actor.run(client, stored);
    } catch (error) {
      // A client that is told no goes away; so does a collector whose store does not answer.
      const isOrdinary = error instanceof GivenUp || error instanceof UnavailableError ||
        (error as { status?: number }).status === 503;
      if (!isOrdinary) this.#violations.push(error as Error);
    }
  }

  #throwViolation(): void {
    const [first] = this.#violations;
    if (first === undefined) return;
    if (first instanceof Violation) throw first;
    throw new Violation(`A bug: ${first.stack}`, { cause: first });
  }

  /** A process whose calls wait for their turns. */
  #scheduledProcess(process: SimulatedProcess, skew: number): RunningProcess {
    const scheduler = this.#scheduler;
    return this.#process(process.name, {
      skew,
      call: (call) => scheduler.call(process, call),
      pause: (milliseconds) => scheduler.pause(process, milliseconds),
    });
  }

  /** A process that has the stores for itself, and waits for nobody. */
  #quietProcess(): RunningProcess {
    return this.#process("quiet", {
      skew: 0,
      call: ({ run }) => run(),
      pause: (milliseconds) => {
        this.#scheduler.now += milliseconds;
        return Promise.resolve();
      },
    });
  }

  #process(
    name: string,
    { skew, call, pause }: { skew: number; call: Caller; pause: (milliseconds: number) => Promise<void> },
  ): RunningProcess {
    const scheduler = this.#scheduler;
    const stored = this.#module.createRegistry({
      ...TIMES,
      table: new SimulatedTable(this.#shared, call),
      objects: new SimulatedObjects(this.#shared, call),
      now: () => scheduler.now + skew,
      sleep: pause,
    });
    const client = new Client(stored, {
      name,
      ledger: this.#ledger,
      moment: () => ++this.#moments,
      now: () => scheduler.now,
      pause,
      note: (text) => scheduler.note(name, text),
    });
    return { stored, client };
  }

  /** No object is deleted while an item says that it may be read. */
  async #checkDeletable(keys: string[]): Promise<void> {
    const { items } = await this.#shared.table.scan({ limit: 1_000_000 });
    for (const { pk, sk, attributes } of items) {
      if (!keys.includes(attributes.object as string) || attributes.state === "deleting") continue;
      if (!sk.startsWith("manifest#") && sk !== "blob") continue;
      this.#violations.push(
        new Violation(`Object ${attributes.object} is deleted, and ${pk} ${sk} names it`),
      );
    }
  }
}

const TIMES = { uploadExpiry: EXPIRY, grace: GRACE, deadline: DEADLINE };

function unavailable(): Error {
  return new UnavailableError("do it", new Error("simulated"));
}
