import { type Call, type Footprint, NOTHING, type Process } from "./call.ts";
import type { Choices, Outcome } from "./choices.ts";
import { CALL_LIMIT_MS } from "./settings.ts";

/** Turns of the microtask queue in which a process with several concurrent calls makes all of them. */
const SETTLING_TURNS = 24;

/** Outcomes after which a protocol may end before it has left its candidates. */
const FAILURES: readonly Outcome[] = ["death before", "death after", "refused", "lost", "stalled before"];

/** Fate of a call that a process has made. */
interface Waiting extends Call {
  process: SimulatedProcess;
  isStorage: boolean;
  until?: number;
  /** Does it. */
  run: () => Promise<unknown>;
  /** Does the call once more, as a driver without an answer does. */
  again: (() => Promise<unknown>) | undefined;
  /** Does a write to the table without its fence. */
  unfenced: (() => Promise<unknown>) | undefined;
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
}

/** A call as it is made. */
export interface CallOptions<T> {
  text: () => string;
  footprint: Footprint;
  run: () => Promise<T>;
  /** Retry of a driver that got no answer; the same as the first attempt if absent. */
  again?: () => Promise<T>;
  /** The same for a write to the table that was sent before its fence and is delivered after it. */
  unfenced?: () => Promise<T>;
}

/** A running process. */
export class SimulatedProcess implements Process {
  readonly name: string;
  /** Calls that wait. */
  waiting = 0;
  /** Calls that it has made. */
  calls = 0;
  ended = false;
  dead = false;
  /** Number of its crashes after which its client continued at another process. */
  deaths = 0;
  /** Called when it dies. Returns true if its client continues at another process. */
  survive: () => boolean = () => false;
  /** Wakes the scheduler, when the process makes a call or ends. */
  wake: () => void = () => {};

  constructor(name: string) {
    this.name = name;
  }
}

/**
 * Runs processes one call at a time. The choices decide the next call and its fate. Nothing between two calls of a
 * process is visible to another, so these are all the orders that matter.
 */
export class Scheduler {
  /** The present, in milliseconds since the epoch. */
  now: number;
  /** History, a line for each step; empty unless requested. */
  readonly trace: string[] = [];
  readonly #choices: Choices;
  readonly #tracing: boolean;
  readonly #unavailable: () => Error;
  readonly #processes: SimulatedProcess[] = [];
  #waiting: Waiting[] = [];
  /** True if a process has died or paused before a call, or a call was refused or has lost its answer. */
  hasFailed = false;
  /** Number of steps so far: a clock that orders events. */
  steps = 0;
  /** True if a write was delivered long after it was sent, so that its fence could not stop it. */
  wasLate = false;

  constructor(choices: Choices, options: { now: number; tracing: boolean; unavailable: () => Error }) {
    this.#choices = choices;
    this.now = options.now;
    this.#tracing = options.tracing;
    this.#unavailable = options.unavailable;
  }

  /** Adds a process, which starts with {@linkcode Scheduler.run}. */
  spawn(name: string, work: (process: SimulatedProcess) => Promise<void>): void {
    const process = new SimulatedProcess(name);
    this.#processes.push(process);
    // Its start also waits for its turn.
    this.pause(process, 0).then(() => work(process)).finally(() => {
      process.ended = true;
      process.wake();
    });
  }

  /** Makes a call to a store, which is done at its turn. */
  call<T>(
    process: SimulatedProcess,
    { text, footprint, run, again = run, unfenced }: CallOptions<T>,
  ): Promise<T> {
    return this.#wait<T>(process, { text, footprint, isStorage: true, run, again, unfenced });
  }

  /** Waits for these milliseconds. */
  pause(process: SimulatedProcess, milliseconds: number): Promise<void> {
    return this.#wait(process, {
      text: () => `pause ${milliseconds}`,
      footprint: milliseconds === 0 ? NOTHING : undefined,
      isStorage: false,
      run: () => Promise.resolve(),
      again: undefined,
      unfenced: undefined,
      until: this.now + milliseconds,
    });
  }

  /** Adds a line to the history. */
  note(name: string, text: string): void {
    if (this.#tracing) this.trace.push(`${this.steps} ${name}: ${text}`);
  }

  #wait<T>(
    process: SimulatedProcess,
    call: Pick<Waiting, "text" | "footprint" | "isStorage" | "run" | "again" | "unfenced" | "until">,
  ): Promise<T> {
    if (process.dead) return new Promise(() => {});
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const id = `${process.name} ${process.calls++}`;
    this.#waiting.push({ ...call, id, process, since: this.now, resolve, reject });
    process.waiting++;
    process.wake();
    return promise as Promise<T>;
  }

  /** Runs all processes to their ends. */
  async run(): Promise<void> {
    for (const process of this.#processes) await this.#settle(process);
    for (;;) {
      const ready = this.#ready();
      if (ready.length === 0) return;
      const { call, outcome } = this.#choices.step(ready);
      await this.#do(call as Waiting, outcome);
      this.steps++;
      await this.#settle((call as Waiting).process);
    }
  }

  /**
   * The calls that may come next: no call to a store waits for longer than its limit, even if another process pauses.
   */
  #ready(): Waiting[] {
    const oldest = this.#waiting.reduce(
      (min, { isStorage, since }) => isStorage ? Math.min(min, since) : min,
      Infinity,
    );
    const latest = oldest + CALL_LIMIT_MS;
    const inTime = this.#waiting.filter(({ until = 0 }) => until <= Math.max(latest, this.now));
    if (latest < Infinity) return inTime;
    // If all pause, the one with the earliest end is next.
    const first = Math.min(...this.#waiting.map(({ until = 0 }) => until));
    return this.#waiting.filter(({ until = 0 }) => until <= Math.max(first, this.now));
  }

  async #do(call: Waiting, outcome: Outcome): Promise<void> {
    const { process } = call;
    this.#pass(call);
    this.hasFailed ||= FAILURES.includes(outcome);
    if (this.#tracing) {
      const note = outcome === "done" ? "" : `  (${outcome})`;
      this.trace.push(`${this.steps} ${process.name}: ${call.text()}${note}`);
    }
    if (outcome === "death before") return this.#kill(process);
    if (outcome === "refused") return this.#answer(call, () => call.reject(this.#unavailable()));
    if (outcome === "stalled before" || outcome === "unfenced") {
      if (outcome === "unfenced" && call.unfenced !== undefined) {
        this.wasLate = true;
        call.run = call.unfenced;
      }
      return this.#stall(call);
    }
    const result = await call.run().then((value) => () => value, (error) => () => {
      throw error;
    });
    if (outcome === "death after") return this.#kill(process);
    if (outcome === "lost") return this.#answer(call, () => call.reject(this.#unavailable()));
    if (outcome === "repeated" && call.again !== undefined) {
      const { again } = call;
      // After a first attempt no driver says that nothing was written.
      call.run = () => again().catch((error) => Promise.reject(isLate(error) ? this.#unavailable() : error));
      call.again = undefined;
      return;
    }
    if (outcome === "late") {
      call.run = () => Promise.try(result);
      call.again = undefined;
      call.unfenced = undefined;
      return;
    }
    if (outcome === "stalled") {
      call.run = () => Promise.try(result);
      return this.#stall(call);
    }
    if (outcome === "delivered again" && call.unfenced !== undefined) this.#deliverAgain(call, call.unfenced);
    this.#answer(call, () => {
      try {
        call.resolve(result());
      } catch (error) {
        call.reject(error as Error);
      }
    });
  }

  /** Delays the call until the pause of its process is over. */
  #stall(call: Waiting): void {
    call.isStorage = false;
    call.until = this.now + this.#choices.stall();
  }

  /** A copy of the call, in transit without the process that made it. */
  #deliverAgain(call: Waiting, unfenced: () => Promise<unknown>): void {
    this.wasLate = true;
    const process = new SimulatedProcess(`${call.process.name} long ago`);
    process.ended = true;
    const answer = () => {};
    const id = `${call.id} again`;
    const copy = { ...call, id, process, run: unfenced, again: undefined, resolve: answer, reject: answer };
    this.#stall(copy);
    this.#waiting.push(copy);
  }

  /** Advances the time: a little with each call, and by the length of a pause. */
  #pass({ until }: Waiting): void {
    if (until !== undefined) this.now = Math.max(this.now, until);
    else this.now += this.#choices.below(8);
  }

  #answer(call: Waiting, answer: () => void): void {
    this.#waiting.splice(this.#waiting.indexOf(call), 1);
    call.process.waiting--;
    answer();
  }

  #kill(process: SimulatedProcess): void {
    process.waiting = 0;
    this.#waiting = this.#waiting.filter((call) => call.process !== process);
    process.deaths++;
    process.dead = !process.survive();
  }

  /** Waits until the process has made its next call, or has ended. */
  async #settle(process: SimulatedProcess): Promise<void> {
    if (process.dead) return;
    if (process.waiting === 0 && !process.ended) await new Promise<void>((resolve) => process.wake = resolve);
    for (let turn = 0; turn < SETTLING_TURNS && process.waiting > 1; turn++) await undefined;
  }
}

/** True if a write came after its fence. */
function isLate(error: unknown): boolean {
  return (error as Error).name === "LateWriteError";
}
