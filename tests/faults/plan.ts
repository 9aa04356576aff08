import { seeded } from "../random.ts";
import type { RequestHead } from "./head.ts";
import type { StoreError } from "./store_error.ts";

/** Fault between a process and a store. */
export type Fault =
  /** The request is passed on late. */
  | "delay"
  /** The connection breaks before anything of the request is passed on. */
  | "refuse"
  /** The store gets half of the request, then both connections break. */
  | "cut-request"
  /** The store gets all of it and does the work, the client gets half of the response. */
  | "cut-response"
  /** The store gets all of it and does the work, the client gets nothing. */
  | "drop-response"
  /** The store gets all of it, and once it has answered all of it again; the client gets the second response. */
  | "repeat"
  /** Nothing is passed on and nothing answered, until the client gives up or the proxy cuts. */
  | "hang"
  | StoreError;

/** Those that strike at random unless others are named: all but the one that costs a whole timeout each time. */
export const RANDOM_FAULTS: readonly Fault[] = [
  "delay",
  "refuse",
  "error-500",
  "error-503",
  "throttle",
  "cut-request",
  "cut-response",
  "drop-response",
  "repeat",
];

/** All there are. */
export const FAULTS: readonly Fault[] = [...RANDOM_FAULTS, "hang"];

/** Fate of one request: a fault, or "pass" for none. */
export type Fate = Fault | "pass";

/** Step of a script: the fate of the next request, or of the next one that `when` selects; others pass. */
export type Step = Fate | { readonly fate: Fate; readonly when: (request: RequestHead) => boolean };

/** Decides what happens to each request: what the script says while there is one, the dice after it. */
export class Plan {
  /** From 0 to 1: how likely a fault is. */
  rate: number;
  readonly seed: number;
  readonly #faults: readonly Fault[];
  readonly #roll: (n: number) => number;
  readonly #steps: Step[] = [];
  #rolled = false;

  constructor(options: { seed: number; rate: number; faults: readonly Fault[] }) {
    this.rate = options.rate;
    this.seed = options.seed;
    this.#faults = options.faults;
    this.#roll = seeded(options.seed);
  }

  /** Steps of the script that no request has taken yet. */
  get stepsLeft(): number {
    return this.#steps.length;
  }

  /** Puts steps behind those that are left. */
  script(steps: readonly Step[]): void {
    this.#steps.push(...steps);
  }

  /** The fate of the next request. */
  next(request: RequestHead): Fate {
    const [step] = this.#steps;
    if (step === undefined) return this.#random();
    if (typeof step === "object" && !step.when(request)) return "pass";
    this.#steps.shift();
    return typeof step === "object" ? step.fate : step;
  }

  /** Milliseconds of a delay, below `most`. */
  delay(most: number): number {
    return this.#roll(most);
  }

  #random(): Fate {
    if (this.rate === 0) return "pass";
    if (!this.#rolled) console.log(`Faults come by the seed ${this.seed}`);
    this.#rolled = true;
    if (this.#roll(1_000_000) >= this.rate * 1_000_000) return "pass";
    return this.#faults[this.#roll(this.#faults.length)]!;
  }
}
