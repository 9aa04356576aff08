import { tooManyLogins } from "./too_many_logins.ts";

/** Logins of one network that may wait for their turn: a team may start all at once. */
const MAX_WAITING = 64;

/** Seconds after which a client that found its lane full may come again. */
const RETRY_SECONDS = 5;

/**
 * One queue for each network, in which logins are checked one after the other. So each network has at most one password
 * in the queue for bcrypt, and more requests from a network do not make more guesses.
 */
export class LoginLanes {
  readonly #lanes = new Map<string, { last: Promise<unknown>; length: number }>();

  /**
   * Runs `check` when all earlier ones of this network have ended.
   *
   * @throws {RegistryError} 429 if the lane is full.
   */
  async run<T>(network: string, check: () => Promise<T>): Promise<T> {
    const lane = this.#lanes.get(network) ?? { last: Promise.resolve(), length: 0 };
    if (lane.length >= MAX_WAITING) throw tooManyLogins(RETRY_SECONDS * 1000);
    this.#lanes.set(network, lane);
    lane.length++;
    const running = lane.last.then(check);
    lane.last = running.catch(() => {});
    try {
      return await running;
    } finally {
      lane.length--;
      if (lane.length === 0) this.#lanes.delete(network);
    }
  }
}
