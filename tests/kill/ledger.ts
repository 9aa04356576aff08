import { type Attempt, type Effect, Register } from "./register.ts";

/** Value of a register for something that does not exist. */
export const ABSENT = "absent";

/** Value of a register for something that exists and has only one form. */
export const PRESENT = "present";

/** Something of a repository that clients can see. */
export type Fact =
  | { kind: "blob"; repository: string; digest: string }
  | { kind: "manifest"; repository: string; digest: string }
  /** Holds the digest that the tag points at. */
  | { kind: "tag"; repository: string; tag: string }
  /** True if the manifest `digest` is listed among the referrers of `subject`. */
  | { kind: "referrer"; repository: string; subject: string; digest: string };

/** Effect of an operation on a fact. */
export type Change = readonly [fact: Fact, effect: Effect<string>];

/** The fact becomes this, whatever it was. */
export function becomes(fact: Fact, value: string): Change {
  return [fact, () => value];
}

/** All that clients were told of a registry: what must be true of it, and what may be. */
export class Ledger {
  readonly #registers = new Map<string, { fact: Fact; register: Register<string> }>();
  readonly #touched = new Set<string>();

  /** An operation that makes these changes begins. Nothing is known of the order in which it makes them. */
  begin(changes: readonly Change[]): Attempt {
    const attempts = changes.map(([fact, effect]) => {
      this.#touched.add(JSON.stringify(fact));
      return this.#register(fact).begin(effect);
    });
    return {
      acknowledge: () => attempts.forEach((attempt) => attempt.acknowledge()),
      lose: () => attempts.forEach((attempt) => attempt.lose()),
    };
  }

  /** Notes that a fact is worth looking at though nothing may have changed it. */
  touch(fact: Fact): void {
    this.#register(fact);
    this.#touched.add(JSON.stringify(fact));
  }

  /** The facts that operations were about since this was last asked. */
  takeTouched(): Fact[] {
    const touched = [...this.#touched].map((key) => this.#registers.get(key)!.fact);
    this.#touched.clear();
    return touched;
  }

  /** Every fact that an operation was ever about. */
  facts(): Fact[] {
    return [...this.#registers.values()].map(({ fact }) => fact);
  }

  /** Possible values of a fact. */
  possible(fact: Fact): ReadonlySet<string> {
    return this.#register(fact).possible;
  }

  /** True if a fact is what clients were told that it is, and nothing else. */
  mustBe(fact: Fact, value: string): boolean {
    const possible = this.possible(fact);
    return possible.size === 1 && possible.has(value);
  }

  /**
   * Records that a read returned `value` while no operation ran; returns the problem with that, if any. The value must
   * stay: no process undoes or continues an operation that another has left undone.
   */
  observe(fact: Fact, value: string): string | undefined {
    const possible = [...this.possible(fact)];
    if (this.#register(fact).observe(value)) return undefined;
    return `${JSON.stringify(fact)} is ${value} and not ${possible.join(" or ")}`;
  }

  #register(fact: Fact): Register<string> {
    const key = JSON.stringify(fact);
    const known = this.#registers.get(key) ?? { fact, register: new Register(ABSENT) };
    this.#registers.set(key, known);
    return known.register;
  }
}
