/**
 * Runs the real `registry/` over memory, one call at a time, in an order that a seed or a search decides, and checks
 * the invariants.
 *
 * @module
 */
import type { Digest } from "../../oci/mod.ts";
import type { StoredRegistry } from "../../registry/mod.ts";
import { COLLECTION } from "../../registry/stored.ts";
import { MemoryObjectStore, MemoryTable, UnavailableError } from "../../storage/mod.ts";
import type { Actor, Commands } from "./actors.ts";
import { checkAcknowledged, checkForgotten, checkStructure } from "./checks.ts";
import type { Choices } from "./choices.ts";
import { checkHealed } from "./heal_check.ts";
import { Client, ConnectionLost, GivenUp, type Surroundings } from "./client.ts";
import { SimulatedReceiver } from "./event_receiver.ts";
import { History, MAX_LAG_MS } from "./history.ts";
import { checkNothingLeft } from "./left_check.ts";
import { Ledger } from "./ledger.ts";
import type { Quiet } from "./quiet.ts";
import { CopyFailed, copyRunning, isInTime, restoreCopy, type RunningCopy } from "./running_copy.ts";
import type { Scenario } from "./scenario.ts";
import { type CallOptions, Scheduler, type SimulatedProcess } from "./scheduler.ts";
import { type Means, type OpenOptions, openRegistry, type RegistryModule } from "./open_registry.ts";
import { EXPIRY_MS, GRACE_MS, SKEW_MS, TIMES } from "./settings.ts";
import { SharedCache } from "./shared_cache.ts";
import { type Caller, type Shared, SimulatedObjects, SimulatedTable } from "./stores.ts";
import { checkCount, checkQuota } from "./quota_check.ts";
import { must, Violation } from "./violation.ts";

/** Start time of every run, in milliseconds since the epoch. */
const START = 1_700_000_000_000;

/**
 * Maximum collections until nothing is left: content that edges have kept is removed in the next one, the epoch that
 * this changed in the one after it, and an upload that died in its commit begins one later.
 */
const COLLECTIONS = 4;

/** A process, and a client whose requests go to it and sometimes to another process. */
interface RunningProcess {
  stored: StoredRegistry;
  client: Client;
  commands: Commands;
}

/** Names of the actors that make a full pass. */
const FULL_PASSES = ["collect", "collect often"];

/** A run of one scenario. */
export class Simulation {
  readonly #module: RegistryModule;
  readonly #scenario: Scenario;
  readonly #ledger = new Ledger();
  readonly #shared: Shared;
  readonly #choices: Choices;
  readonly #scheduler: Scheduler;
  readonly #violations: Error[] = [];
  /** Objects of {@linkcode Scenario.lost}. */
  readonly #lost = new Set<string>();
  /** Processes of the run so far. */
  #processes = 0;
  /** True if a full pass has run after all processes ended. */
  #passed = false;
  /** Writes of the quiet process, except to the state of collections. */
  #quietWrites = 0;
  readonly #copies: RunningCopy[] = [];
  readonly #cache = new SharedCache();
  readonly #receiver = new SimulatedReceiver();
  #moments = 0;

  constructor(module: RegistryModule, scenario: Scenario, choices: Choices, { tracing = false } = {}) {
    this.#module = module;
    this.#scenario = scenario;
    this.#choices = choices;
    this.#scheduler = new Scheduler(choices, { now: START, tracing, unavailable });
    let versions = 0;
    const newVersion = () => `v${versions++}`;
    const table = new MemoryTable({ newVersion: () => this.#shared.nextVersion ?? newVersion() });
    this.#shared = {
      table,
      counts: scenario.counts ?? false,
      objects: new MemoryObjectStore({ partSize: 8, verifies: scenario.verifies ?? false }),
      history: new History(table, () => this.#scheduler.now, (n) => choices.below(n)),
      nextVersion: undefined,
      newVersion,
      beforeDelete: (keys) => this.#checkDeletable(keys),
    };
  }

  /** History of the run, for a person. */
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
   * @throws {Violation} for a violated invariant.
   */
  async run(): Promise<void> {
    const { given, lost = [], later, actors } = this.#scenario;
    const quiet = this.#quietProcess();
    for (const actor of given) await this.#act(actor, quiet);
    for (const { digest } of lost) await this.#lose(digest);
    this.#scheduler.now += later;
    for (const [i, actor] of actors.entries()) {
      this.#scheduler.spawn(
        `${i} ${actor.name}`,
        (process) => this.#act(actor, this.#scheduledProcess(process)),
      );
    }
    await this.#scheduler.run();
    if (this.#scheduler.wasLate) {
      return this.#scenario.quota === undefined ? await this.#checkLate() : undefined;
    }
    this.#throwViolation();
    this.#scheduler.now += MAX_LAG_MS;
    await this.#checkQuiet(quiet.stored);
  }

  /** Deletes the object of a blob or a manifest. */
  async #lose(digest: Digest): Promise<void> {
    const { table, objects } = this.#shared;
    const { items } = await table.scan({ limit: 1_000_000 });
    const item = items.find(({ pk, sk }) =>
      `${pk} ${sk}` === `blob#${digest} blob` || sk === `manifest#${digest}`
    );
    const object = item!.attributes.object as string;
    this.#lost.add(object);
    this.#ledger.lose(digest);
    await objects.delete([object]);
  }

  /**
   * A write without a fence that takes effect long after it was sent may undo anything, deletes included. But content
   * that is pushed again must exist afterwards.
   */
  async #checkLate(): Promise<void> {
    const { stored, client } = this.#quietProcess(new Ledger());
    this.#scheduler.now += MAX_LAG_MS;
    await checkHealed(client);
    await this.#collectAll(stored);
    await checkHealed(client);
  }

  async #collectAll(stored: StoredRegistry): Promise<void> {
    let isSettled = false;
    for (let time = 0; time < COLLECTIONS; time++) {
      this.#scheduler.now += EXPIRY_MS + GRACE_MS + SKEW_MS + 1;
      // Longer than anything is kept, so a collection after one that wrote nothing would write nothing either.
      if (isSettled) continue;
      const before = this.#quietWrites;
      await this.#collect(stored);
      isSettled = this.#quietWrites === before;
    }
  }

  async #collect(stored: StoredRegistry): Promise<void> {
    await stored.sweep();
    await stored.collectCandidates();
    // The full pass is for what crashes leave: where nothing failed, the candidates name all garbage. But a sparse
    // manifest keeps the candidates away from a blob that its repository has lost, and a pull that is recorded after
    // its tag was deleted leaves an item.
    const needsPass = this.#scheduler.hasFailed || this.#lost.size > 0 || this.#scenario.sparse === true ||
      this.#ledger.of("pull").length > 0;
    if (!needsPass || this.#scenario.candidatesSuffice) return;
    await stored.continueCollection({ interval: EXPIRY_MS, budget: Infinity, removed: () => {} });
    this.#passed = true;
  }

  async #checkQuiet(stored: StoredRegistry): Promise<void> {
    const { table, objects } = this.#shared;
    if (this.#scenario.purges) await this.#checkPurged(stored);
    const collector = this.#scenario.actors.some(({ name }) => name.includes("collect"));
    if (this.#scenario.events !== undefined) await this.#checkEvents(stored, { collector });
    const look = () =>
      this.#look({ registry: stored.registry, table, objects, ledger: this.#ledger, passed: this.#passed });
    await checkAcknowledged(look());
    await checkStructure(look());
    const { quota } = this.#scenario;
    if (quota !== undefined) await checkQuota(table, quota, this.#processes);
    for (const copy of this.#copies) await this.#checkCopy(copy);
    await this.#collectAll(stored);
    this.#throwViolation();
    await checkAcknowledged(look());
    await checkStructure(look());
    // Collections remove empty repositories, and leave events of that.
    if (this.#scenario.events !== undefined) await this.#checkEvents(stored, { collector: true });
    await checkNothingLeft(look());
    if (quota !== undefined) await checkCount(table, stored);
    await checkForgotten(look());
  }

  /** After the purges that processes have left, the shared cache has no false answer, and the table no purge. */
  async #checkPurged(stored: StoredRegistry): Promise<void> {
    const { table } = this.#shared;
    // Longer than any change may take, and than a lease of a process that died.
    this.#scheduler.now += GRACE_MS;
    await (await stored.outbox!()).drainDue(this.#cache.target((call) => this.#callNow(call)));
    const { items } = await table.scan({ limit: 1_000_000 });
    const left = items.find(({ pk }) => pk.startsWith("purge#"));
    must(left === undefined, `A purge is left: ${left?.pk} ${left?.sk}`);
    await this.#cache.check(stored.registry, this.#ledger);
  }

  /** After the delivery of all events, the receiver has those of all changes, and the table has none. */
  async #checkEvents(stored: StoredRegistry, options: { collector: boolean }): Promise<void> {
    const { table, objects } = this.#shared;
    // Longer than any change may take, and than a lease of a process that died.
    this.#scheduler.now += GRACE_MS;
    const outbox = await stored.events();
    const call: Caller = (call) => this.#callNow(call);
    const receiver = this.#receiver.receiver(call, { kind: "reliable", choices: this.#choices });
    await outbox.relayOthers([receiver]);
    await outbox.deliver(receiver);
    const { registry } = stored;
    await this.#receiver.check(
      this.#look({ registry, table, objects, ledger: this.#ledger, passed: this.#passed }),
      options,
    );
  }

  /** Everything that the checks need, of the run or of a copy. */
  #look(stores: Pick<Quiet, "registry" | "table" | "objects" | "ledger" | "passed">): Quiet {
    const { immutable = false, sparse = false } = this.#scenario;
    const passedBeside = this.#scenario.actors.some(({ name }) => FULL_PASSES.includes(name));
    return { ...stores, now: this.#scheduler.now, immutable, sparse, passedBeside, lost: this.#lost };
  }

  /** A copy of the running registry must be a valid registry. */
  async #checkCopy(copy: RunningCopy): Promise<void> {
    if (!isInTime(copy)) return;
    const { now } = this.#scheduler;
    const { objects } = copy;
    const table = await restoreCopy(this.#module, copy);
    const { registry } = this.#module.createRegistry({ ...TIMES, table, objects, now: () => now });
    const ledger = this.#ledger.asOf(copy.start, copy.end);
    const quiet = this.#look({ registry, table, objects, ledger, passed: false });
    await checkAcknowledged(quiet);
    await checkStructure(quiet);
  }

  async #act(actor: Actor, { stored, client, commands }: RunningProcess): Promise<void> {
    try {
      await actor.run(client, stored, commands);
    } catch (error) {
      // A refused client gives up, and so does a collector during an outage.
      if (!isOrdinary(error)) this.#violations.push(error as Error);
    }
  }

  #throwViolation(): void {
    const [first] = this.#violations;
    if (first === undefined) return;
    if (first instanceof Violation) throw first;
    throw new Violation(`A bug: ${first.stack}`, { cause: first });
  }

  /** A process whose calls wait for their turns, with a second one for some requests of its client. */
  #scheduledProcess(process: SimulatedProcess): RunningProcess {
    const choices = this.#choices;
    const lost: ((error: Error) => void)[] = [];
    let first = this.#replicaOf(process);
    let second: StoredRegistry | undefined;
    process.survive = () => {
      if (lost.length === 0 || choices.below(2) === 0) return false;
      first = this.#replicaOf(process);
      second = undefined;
      lost.pop()!(new ConnectionLost());
      return true;
    };
    const client = this.#client(process.name, {
      pause: (milliseconds) => this.#scheduler.pause(process, milliseconds),
      registry: () => (choices.below(5) === 4 ? second ??= this.#replicaOf(process) : first).registry,
      connect: (request) =>
        new Promise((resolve, reject) => {
          lost.push(reject);
          const forget = () => {
            if (lost.includes(reject)) lost.splice(lost.indexOf(reject), 1);
          };
          request().then(resolve, reject).finally(forget);
        }),
    });
    const commands = this.#commands({
      call: (call) => this.#scheduler.call(process, call),
      clock: () => this.#clock(),
      outbox: () => first.outbox!(),
      events: () => first.events(),
    });
    return { stored: first, client, commands };
  }

  /** Registry of a process. Its calls after its death have no effect. */
  #replicaOf(process: SimulatedProcess): StoredRegistry {
    const scheduler = this.#scheduler;
    const { deaths } = process;
    const whileAlive = <T>(call: () => Promise<T>): Promise<T> =>
      process.deaths === deaths ? call() : new Promise(() => {});
    return this.#open(
      {
        skew: this.#clock(),
        call: (call) => whileAlive(() => scheduler.call(process, call)),
        pause: (milliseconds) => whileAlive(() => scheduler.pause(process, milliseconds)),
      },
      this.#scenario.tableReads && { tableReads: this.#scenario.tableReads },
    );
  }

  /** A realistic clock: correct, or slightly ahead or behind, and sometimes set to another time. */
  #clock(): () => number {
    const choices = this.#choices;
    const draw = () => choices.below(SKEW_MS + 1) - SKEW_MS / 2;
    const kind = choices.below(6);
    if (kind < 4) return () => 0;
    let skew = draw();
    if (kind === 4) return () => skew;
    return () => choices.below(30) === 0 ? skew = draw() : skew;
  }

  /** A process that has the stores for itself, and never waits. */
  #quietProcess(ledger: Ledger = this.#ledger): RunningProcess {
    const pause = (milliseconds: number) => {
      this.#scheduler.now += milliseconds;
      return Promise.resolve();
    };
    // Without bytes in memory: checks read what the store has.
    const stored = this.#open({ skew: () => 0, call: (call) => this.#callNow(call), pause }, {
      blobBytes: 1,
    });
    const client = this.#client("quiet", {
      pause,
      registry: () => stored.registry,
      connect: (request) => request(),
    }, ledger);
    const commands = this.#commands({
      call: (call) => this.#callNow(call),
      clock: () => () => 0,
      outbox: () => stored.outbox!(),
      events: () => stored.events(),
    });
    return { stored, client, commands };
  }

  /** Makes a call of the quiet process, whose turn it always is. */
  #callNow<T>({ footprint, run }: CallOptions<T>): Promise<T> {
    if (footprint.writes && footprint.place !== COLLECTION) this.#quietWrites++;
    return run();
  }

  #commands(
    { call, clock, outbox, events }:
      & Pick<Commands, "outbox" | "events">
      & { call: Caller; clock: () => () => number },
  ): Commands {
    const kind = this.#scenario.events ?? "reliable";
    return {
      outbox,
      events,
      receiver: this.#receiver.receiver(call, { kind, choices: this.#choices }),
      cache: this.#cache,
      target: this.#cache.target(call),
      copyRegistry: async () => {
        const skew = clock();
        const copy = await copyRunning(this.#module, {
          table: new SimulatedTable(this.#shared, call),
          objects: new SimulatedObjects(this.#shared, call),
          now: () => this.#scheduler.now + skew(),
          moment: () => ++this.#moments,
        });
        this.#copies.push(copy);
      },
    };
  }

  #open(means: Means, options: OpenOptions = {}): StoredRegistry {
    this.#processes++;
    const run = {
      scenario: this.#scenario,
      shared: this.#shared,
      choices: this.#choices,
      now: () => this.#scheduler.now,
    };
    return openRegistry(this.#module, run, means, options);
  }

  #client(
    name: string,
    means: Pick<Surroundings, "pause" | "registry" | "connect">,
    ledger: Ledger = this.#ledger,
  ): Client {
    const scheduler = this.#scheduler;
    return new Client({
      ...means,
      ledger,
      moment: () => ++this.#moments,
      now: () => scheduler.now,
      lag: this.#scenario.tableReads === "near" ? MAX_LAG_MS : 0,
      note: (text) => scheduler.note(name, text),
    });
  }

  /** Asserts that no object is deleted while an item marks it as readable. */
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

/** True for an error that clients and collectors must expect from a store that may fail. */
function isOrdinary(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.every(isOrdinary);
  return error instanceof GivenUp || error instanceof CopyFailed || error instanceof UnavailableError ||
    [404, 503].includes((error as { status?: number }).status ?? 0);
}

function unavailable(): Error {
  return new UnavailableError("do it", new Error("simulated"));
}
