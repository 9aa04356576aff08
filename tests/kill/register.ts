/** Effect of an operation on a value; applying it twice must equal applying it once. */
export type Effect<V> = (value: V) => V;

/** An operation that has begun and whose result is not known yet. */
export interface Attempt {
  /** It was done, at some moment between its beginning and now. */
  acknowledge(): void;
  /** It will not take effect from now on; whether it did is unknown. */
  lose(): void;
}

interface Operation<V> {
  readonly effect: Effect<V>;
  /** Concurrent operations, for as long as this one lasted, so that either may have come first. */
  readonly rivals: Set<Operation<V>>;
}

/**
 * One value of the registry that clients change and read, such as the target of a tag, with every value that it may
 * have after the answers to the clients. A single possible value is required.
 */
export class Register<V> {
  #possible: Set<V>;
  readonly #active = new Set<Operation<V>>();

  /** A register that holds `value`. */
  constructor(value: V) {
    this.#possible = new Set([value]);
  }

  /** Every possible value. */
  get possible(): ReadonlySet<V> {
    return this.#possible;
  }

  /** Records the start of an operation, which may take effect from now on. */
  begin(effect: Effect<V>): Attempt {
    const operation: Operation<V> = { effect, rivals: new Set(this.#active) };
    for (const rival of this.#active) rival.rivals.add(operation);
    this.#active.add(operation);
    this.#widen(this.#active);
    return {
      acknowledge: () => {
        this.#active.delete(operation);
        // It came after or before each of its rivals; whatever was before them all is gone.
        this.#possible = new Set([...this.#possible].map(effect));
        this.#widen(operation.rivals);
      },
      lose: () => void this.#active.delete(operation),
    };
  }

  /**
   * Records that a read returned `value` while no operation ran. Returns true if that is possible; the register then
   * has this value until a pending operation continues.
   */
  observe(value: V): boolean {
    const allowed = this.#possible.has(value);
    this.#possible = new Set([value]);
    this.#widen(this.#active);
    return allowed;
  }

  /** Adds the results of these operations, in any order, on every possible value. */
  #widen(operations: Iterable<Operation<V>>): void {
    for (let size = -1; size !== this.#possible.size;) {
      size = this.#possible.size;
      for (const { effect } of operations) {
        for (const value of [...this.#possible]) this.#possible.add(effect(value));
      }
    }
  }
}
