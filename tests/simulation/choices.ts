import { seeded } from "../random.ts";
import { type Call, dependent } from "./call.ts";
import { DEADLINE_MS, EXPIRY_MS, GRACE_MS } from "./settings.ts";

/** Fate of a call. */
export type Outcome =
  /** It is done, and its answer arrives. */
  | "done"
  /** It is done, and its answer is lost. */
  | "lost"
  /** It is done, and the process pauses before the answer arrives. */
  | "stalled"
  /** The process pauses before the call is done, and does it afterwards. */
  | "stalled before"
  /** The same, but between the last check of the fence and the store. Only for writes of the table. */
  | "unfenced"
  /** It is done, its answer arrives, and long after that the network delivers it once more. */
  | "delivered again"
  /** It is not done, and its caller gets an error. */
  | "refused"
  /** It is done, and is done once more before its answer arrives, as by a driver that got no answer. */
  | "repeated"
  /** It is done, and its answer arrives after turns of other processes. */
  | "late"
  /** The process dies before it is done. */
  | "death before"
  /** The process dies after it is done. */
  | "death after";

/** Next event of a run. */
export interface Step {
  call: Call;
  outcome: Outcome;
}

/** Decides the next event, and everything else that is random. */
export interface Choices {
  /** One of the waiting calls; there is at least one. */
  step(calls: readonly Call[]): Step;
  /** Duration of a pause of a process, in milliseconds. */
  stall(): number;
  /** A whole number from 0 to `n` - 1. */
  below(n: number): number;
}

/** Probability of each fault, in a thousand calls. */
export type Risks = Record<Exclude<Outcome, "done" | "death before" | "death after"> | "death", number>;

const NO_RISKS: Risks = {
  lost: 0,
  stalled: 0,
  refused: 0,
  repeated: 0,
  late: 0,
  death: 0,
  "stalled before": 0,
  unfenced: 0,
  "delivered again": 0,
};
const SOME_RISKS: Risks = {
  ...NO_RISKS,
  lost: 15,
  stalled: 4,
  refused: 5,
  repeated: 20,
  late: 60,
  death: 10,
};
const MANY_RISKS: Risks = {
  ...NO_RISKS,
  lost: 40,
  stalled: 30,
  refused: 10,
  repeated: 80,
  late: 150,
  death: 80,
};
const STALLS: Risks = { ...NO_RISKS, lost: 5, stalled: 15, repeated: 5, "stalled before": 30 };
const UNFENCED: Risks = { ...STALLS, unfenced: 15, "delivered again": 30 };
/** Faults of writes to the object store only. */
const STORING: Risks = { ...NO_RISKS, refused: 150, stalled: 100, repeated: 100, "stalled before": 150 };

/** Pauses, but none between the last check of a request and its write to the object store. */
const DYING: Risks = { ...NO_RISKS, stalled: 30, "stalled before": 60 };
/** Deaths at these writes, for {@linkcode DYING}. */
const DEATHS: Risks = { ...NO_RISKS, death: 150 };

/** Probability and kinds of faults in a run. */
export const DANGERS = {
  seldom: SOME_RISKS,
  often: MANY_RISKS,
  stalls: STALLS,
  unfenced: UNFENCED,
  storing: STORING,
  dying: DYING,
};

/** The name of one of these. */
export type Danger = keyof typeof DANGERS;

/** Lengths of stalls: shorter and longer than a request, the grace period and the expiry of an upload. */
const STALL_LENGTHS = [
  2 * DEADLINE_MS,
  GRACE_MS / 2,
  2 * GRACE_MS,
  EXPIRY_MS + GRACE_MS / 2,
  2 * EXPIRY_MS + GRACE_MS,
];

/**
 * Choices that depend only on a seed. Every second run takes its turns by priorities that change a few times, which
 * finds bugs that need one process to stop at the wrong place (Burckhardt et al., "A randomized scheduler with
 * probabilistic guarantees of finding bugs"); in the others any process may come next.
 */
export class RandomChoices implements Choices {
  readonly below: (n: number) => number;
  readonly #risks: Risks;
  readonly #priorities: Map<string, number> | undefined;
  #untilChange: number;

  /** Choices of a seed: three of four runs have no faults, unless a danger is requested. */
  constructor(seed: number, { danger }: { danger?: Danger | undefined } = {}) {
    this.below = seeded(Math.imul(seed + 1, 0x9e3779b1) | 0);
    this.below(1);
    const some = this.below(4) === 0 ? SOME_RISKS : NO_RISKS;
    this.#risks = danger === undefined ? some : DANGERS[danger];
    this.#priorities = this.below(2) === 0 ? new Map() : undefined;
    this.#untilChange = this.below(30);
  }

  step(calls: readonly Call[]): Step {
    const call = this.#priorities === undefined
      ? calls[this.below(calls.length)]!
      : this.#byPriority(calls, this.#priorities);
    const isSafe = !call.isStorage || this.#risks === STORING && !storesObjects(call);
    const risks = this.#risks === DYING && storesObjects(call) ? DEATHS : this.#risks;
    return { call, outcome: isSafe ? "done" : this.#outcome(risks) };
  }

  stall(): number {
    // Without pauses before calls, all pauses have the same length.
    if (this.#risks["stalled before"] === 0) return 2 * GRACE_MS;
    return STALL_LENGTHS[this.below(STALL_LENGTHS.length)]!;
  }

  #byPriority(calls: readonly Call[], priorities: Map<string, number>): Call {
    for (const { process } of calls) {
      if (!priorities.has(process.name)) priorities.set(process.name, this.below(1000));
    }
    const rank = ({ process }: Call) => priorities.get(process.name)!;
    const best = Math.max(...calls.map(rank));
    const first = calls.filter((call) => rank(call) === best);
    const call = first[this.below(first.length)]!;
    if (this.#untilChange-- === 0) {
      priorities.set(call.process.name, -priorities.size - this.below(1000));
      this.#untilChange = 1 + this.below(30);
    }
    return call;
  }

  #outcome(risks: Risks): Outcome {
    if (risks === NO_RISKS) return "done";
    let at = this.below(1000);
    for (const [outcome, risk] of Object.entries(risks) as [keyof Risks, number][]) {
      if ((at -= risk) >= 0) continue;
      if (outcome === "death") return this.below(2) === 0 ? "death before" : "death after";
      return outcome;
    }
    return "done";
  }
}

function storesObjects({ footprint }: Call): boolean {
  return footprint !== undefined && footprint.place === "objects" && footprint.writes;
}

/** A place where one of several calls could come next. */
interface Branch {
  /** Calls to try, by their ids; the first one is in progress. */
  open: string[];
  /** Calls whose order with the later choices does not matter, so another run has covered it. */
  asleep: Map<string, Call>;
}

/**
 * All orders of calls, one run after the other, without faults. Orders that differ only in calls on different data are
 * equal, and only one of them runs (sleep sets, Godefroid, "Partial-order methods for the verification of concurrent
 * systems").
 */
export class AllChoices implements Choices {
  readonly #branches: Branch[] = [];
  readonly #depth: number;
  #at = 0;
  /** Sleeping calls at the present place of the run. */
  #asleep = new Map<string, Call>();
  /** True if another run has covered the rest of this one. */
  #redundant = false;

  /** Only orders that differ in the first `depth` calls. */
  constructor(depth: number) {
    this.#depth = depth;
  }

  /** True if the run that has just ended was a new one. */
  get isNew(): boolean {
    return !this.#redundant;
  }

  /** Begins the next run. Returns false if all have run. */
  next(): boolean {
    this.#at = 0;
    this.#asleep = new Map();
    this.#redundant = false;
    while (this.#branches.length > 0) {
      const branch = this.#branches.at(-1)!;
      branch.open.shift();
      if (branch.open.length > 0) return true;
      this.#branches.pop();
    }
    return false;
  }

  below(_n: number): number {
    return 0;
  }

  stall(): number {
    return 0;
  }

  step(calls: readonly Call[]): Step {
    const call = this.#pick(calls);
    for (const [id, sleeper] of this.#asleep) {
      if (id === call.id || dependent(sleeper, call)) this.#asleep.delete(id);
    }
    return { call, outcome: "done" };
  }

  #pick(calls: readonly Call[]): Call {
    if (this.#at >= this.#depth) return calls.find(({ id }) => !this.#asleep.has(id)) ?? calls[0]!;
    const known = this.#branches[this.#at];
    const branch = known ?? this.#branchOut(calls);
    this.#at++;
    const call = calls.find(({ id }) => id === branch.open[0]);
    if (call === undefined) throw new Error(`The run is not the same again: no call "${branch.open[0]}"`);
    this.#asleep = new Map(branch.asleep);
    branch.asleep.set(call.id, call); // for those that are tried after it
    return call;
  }

  #branchOut(calls: readonly Call[]): Branch {
    const awake = calls.filter(({ id }) => !this.#asleep.has(id));
    if (awake.length === 0) this.#redundant = true;
    const open = (awake.length > 0 ? awake : calls.slice(0, 1)).map(({ id }) => id);
    const branch = { open, asleep: new Map(this.#asleep) };
    this.#branches.push(branch);
    return branch;
  }
}

/** Processes that run one after the other; the first one dies at one of its calls. */
export class DyingChoices implements Choices {
  /** True if it reached that call. */
  died = false;
  #left: number;

  /** It dies before its call of this number, from 1. */
  constructor(call: number) {
    this.#left = call;
  }

  below(_n: number): number {
    return 0;
  }

  stall(): number {
    return 0;
  }

  step(calls: readonly Call[]): Step {
    const call = calls.toSorted((a, b) => a.process.name < b.process.name ? -1 : 1)[0]!;
    this.died ||= call.process.name.startsWith("0 ") && call.isStorage && --this.#left === 0;
    return {
      call,
      outcome: this.#left === 0 && call.process.name.startsWith("0 ") ? "death before" : "done",
    };
  }
}

/**
 * Three processes that run one after the other, the third one first. Each is interrupted after some of its calls, and
 * then they run to their ends in the same order. The last call of a batch runs first.
 */
export class InterruptedChoices implements Choices {
  /** The running process, and the number of its calls before the next one runs. */
  readonly #turns: { process: string; left: number }[];

  /** Calls after which the third, the second and the first are interrupted. */
  constructor(cuts: readonly [number, number, number]) {
    const processes = ["2 ", "1 ", "0 "];
    this.#turns = [...cuts, Infinity, Infinity, Infinity]
      .map((left, turn) => ({ process: processes[turn % processes.length]!, left }));
  }

  below(_n: number): number {
    return 0;
  }

  stall(): number {
    return 0;
  }

  step(calls: readonly Call[]): Step {
    for (let turn = this.#turns[0]; turn !== undefined; turn = this.#turns[0]) {
      const { process } = turn;
      const call = turn.left-- > 0
        ? calls.findLast((each) => each.process.name.startsWith(process))
        : undefined;
      if (call !== undefined) return { call, outcome: "done" };
      this.#turns.shift();
    }
    return { call: calls[0]!, outcome: "done" };
  }
}
