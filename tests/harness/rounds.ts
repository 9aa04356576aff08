/**
 * Storage calls that take one tick each, so that a test can count the calls which wait for each other.
 *
 * @module
 */
import type { ObjectStore, Table } from "../../storage/mod.ts";
import { withoutChangeCount } from "./call_counts.ts";
import { hooked } from "./stores.ts";

/** Turns of the event loop in which a request makes all the calls that it can make without an answer. */
const SETTLING_TURNS = 10;

/** The stores of a process, and the calls made since the last `take`, one line for each round trip. */
export interface RoundStores {
  objects: ObjectStore;
  table: Table;
  take: () => string[];
}

/** Stores whose calls are answered together, once no further call comes without an answer. */
export function inRounds(objects: ObjectStore, table: Table): RoundStores {
  let rounds: string[] = [];
  let waiting: { name: string; answer: () => void }[] = [];

  async function tick(): Promise<void> {
    for (let turn = 0; turn < SETTLING_TURNS; turn++) await new Promise((resolve) => setImmediate(resolve));
    const answered = waiting;
    waiting = [];
    rounds.push(answered.map(({ name }) => name).sort().join(" + "));
    for (const { answer } of answered) answer();
  }

  const wait = (store: string) => (method: string) =>
    new Promise<void>((answer) => {
      if (waiting.length === 0) tick();
      waiting.push({ name: `${store}${method}`, answer });
    });
  return {
    objects: hooked(objects, wait("object ")),
    table: withoutChangeCount(hooked(table, wait(""))),
    take() {
      const taken = rounds;
      rounds = [];
      return taken;
    },
  };
}
