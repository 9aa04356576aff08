import { ifUnchanged, type Key, type Value } from "../../storage/ports.ts";
import { type Context, skewOf } from "../protocol/mod.ts";
import { leaseKey, stored } from "../items/mod.ts";

/** Milliseconds of a lease; a quarter of the grace period if that is less. */
const LEASE_MS = 60_000;

type LeaseAttributes = { claimedUntil: number; [name: string]: Value };

/**
 * Lease: prevents other processes from doing the same work at the same time, by conditional writes of one item. It is
 * not a lock: the same work in two processes does no harm, and after a crash other processes wait at most a minute.
 */
export class Lease<State extends { [name: string]: Value }> {
  /** The state of the work, as it was read when the lease was taken, or as it was last saved. */
  state: State;
  readonly #context: Context;
  readonly #key: Key;
  readonly #span: number;
  #version: string;
  #until: number;

  private constructor(
    context: Context,
    key: Key,
    { state, version, until, span }: { state: State; version: string; until: number; span: number },
  ) {
    this.#span = span;
    this.#context = context;
    this.#key = key;
    this.state = state;
    this.#version = version;
    this.#until = until;
  }

  /**
   * Takes the lease if no other process has it. `begin` creates the state from the stored one. It lasts for `most`
   * milliseconds at the most, a minute by default.
   */
  static async take<State extends { [name: string]: Value }>(
    context: Context,
    name: string,
    begin: (stored: State | undefined) => State | undefined,
    { most = LEASE_MS }: { most?: number } = {},
  ): Promise<Lease<State> | undefined> {
    const key = leaseKey(name);
    const item = stored<LeaseAttributes>(await context.table.get(key, { consistent: true }));
    const now = context.now();
    if (item !== undefined && isTaken(context, item.attributes.claimedUntil, now)) return undefined;
    const state = begin(item?.attributes as State | undefined);
    if (state === undefined) return undefined;
    const span = Math.min(most, spanOf(context));
    const claimedUntil = now + span;
    const version = await context.table.put(
      { ...key, attributes: { ...state, claimedUntil } },
      ifUnchanged(item),
    );
    return version === undefined
      ? undefined
      : new Lease(context, key, { state, version, until: claimedUntil, span });
  }

  /**
   * Saves the state, and renews the lease when half of it has passed. Answers false if another process has taken it
   * over.
   */
  async keep(state: State): Promise<boolean> {
    this.state = state;
    const now = this.#context.now();
    // Not after each step: the state is worth little more than what one step costs.
    if (this.#until - now >= this.#span / 2) return true;
    return await this.#save(now + this.#span);
  }

  /** Saves the state, and gives the lease back. */
  async release(state: State): Promise<boolean> {
    this.state = state;
    return await this.#save(0);
  }

  async #save(claimedUntil: number): Promise<boolean> {
    const item = { ...this.#key, attributes: { ...this.state, claimedUntil } };
    const version = await this.#context.table.put(item, { ifVersion: this.#version });
    if (version === undefined) return false;
    this.#version = version;
    this.#until = claimedUntil;
    return true;
  }
}

/** True if another process has the lease. A time that no right clock can have written does not count. */
function isTaken(context: Context, claimedUntil: number, now: number): boolean {
  return claimedUntil > now && claimedUntil <= now + spanOf(context) + skewOf(context);
}

function spanOf({ grace }: Context): number {
  return Math.min(LEASE_MS, grace / 4);
}
