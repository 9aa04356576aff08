import { Tasks } from "../../storage/ports.ts";

/** Runs `action` for each value, at most `width` at a time. After a failure it starts no more, and throws the first. */
export async function forEachParallel<T>(
  values: AsyncIterable<T> | Iterable<T>,
  width: number,
  action: (value: T) => Promise<void>,
): Promise<void> {
  const tasks = new Tasks();
  try {
    for await (const value of values) {
      await tasks.fewerThan(width);
      tasks.throwFailure();
      void tasks.add(action(value));
    }
  } finally {
    await tasks.fewerThan(1);
  }
  tasks.throwFailure();
}

/** Limits the number of actions that run at the same time. */
export class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  /** `count` slots. */
  constructor(count: number) {
    this.#free = count;
  }

  /** Runs `action` when a slot is free. */
  async use<T>(action: () => Promise<T>): Promise<T> {
    if (this.#free === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#free--;
    try {
      return await action();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}

/** Runs actions of the same key one after another. */
export class OneAtATime {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Runs `action` after every earlier one of its key has ended. */
  async run<T>(key: string, action: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve();
    const own = before.then(action, action);
    this.#last.set(key, own);
    try {
      return await own;
    } finally {
      if (this.#last.get(key) === own) this.#last.delete(key);
    }
  }
}
