import { tooManyLogins } from "./too_many_logins.ts";

/** Maximum logins of one network in its queue: a whole team may log in at once. */
const MAX_WAITING_LOGINS = 64;

/** `Retry-After` in seconds if the queue of a network is full. */
const RETRY_SECONDS = 5;

/**
 * One queue (lane) for each network, in which logins are checked one at a time. So each network has at most one
 * password in the queue for bcrypt, and concurrent requests from a network cannot try more passwords.
 */
export class LoginLanes {
  readonly #lanes = new Map<string, { last: Promise<unknown>; length: number }>();

  /**
   * Runs `check` after all earlier checks of this network have ended.
   *
   * @throws {RegistryError} 429 if the lane is full.
   */
  async run<T>(network: string, check: () => Promise<T>): Promise<T> {
    const lane = this.#lanes.get(network) ?? { last: Promise.resolve(), length: 0 };
    if (lane.length >= MAX_WAITING_LOGINS) throw tooManyLogins(RETRY_SECONDS * 1000);
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
