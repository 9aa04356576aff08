/**
 * An observer for tests of the places that report events.
 *
 * @module
 */
import { type Observer, observeWith } from "../observer.ts";

/** Events of this process, until it is disposed of. */
export interface Recording extends Disposable {
  /** Events since the last look, each with its name and the arguments that are no durations: `waited sqlite`. */
  take(): string[];
  /** Present value of a watched gauge. */
  read(name: string, label?: string): number | undefined;
}

/** Arguments of an event that are measured, by their places. */
const MEASURED: Record<string, readonly number[]> = {
  waited: [1],
  committed: [1],
  ran: [1],
  delivered: [1],
};

/** Records all events from now on. */
export function recording(): Recording {
  const events: string[] = [];
  const readers = new Map<string, () => number | undefined>();
  const observer = new Proxy({}, {
    get: (_, name: string) => (...args: unknown[]) => {
      if (name === "call") return (args[2] as () => unknown)();
      if (name === "watch") return readers.set(`${args[0]} ${args[2] ?? ""}`, args[1] as () => number);
      events.push([name, ...args.filter((_, place) => !MEASURED[name]?.includes(place))].join(" "));
    },
  }) as Observer;
  observeWith(observer);
  return {
    take: () => events.splice(0),
    read: (name, label = "") => readers.get(`${name} ${label}`)?.(),
    [Symbol.dispose]: () => observeWith(undefined),
  };
}
