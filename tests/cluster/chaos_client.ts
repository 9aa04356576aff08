import { AssertionError } from "@std/assert";
import { Dice } from "../fuzz/dice.ts";
import { type Answer, Lost, type Send, send } from "../kill/wire.ts";
import type { BalancerName } from "../services/mod.ts";
import type { Counts } from "./counts.ts";

/** Repetitions of one step that fails again and again, before the client gives up. No real failure lasts so long. */
const MAX_ATTEMPTS = 60;

/** Longest pause between two tries, in milliseconds; it doubles up to that. */
const LONGEST_PAUSE_MS = 1000;

/** State that all clients of a run share. */
export interface ChaosRun {
  /** URL of the balancer. */
  readonly url: string;
  /** Connections of the clients, in turns. */
  readonly connections: readonly Deno.HttpClient[];
  /** The balancer's configuration in `infra/balancers`; undefined for a plain HAProxy. */
  readonly balancer: BalancerName | undefined;
  readonly counts: Counts;
  /** The repositories in which each blob is, by digest, as far as clients were told. */
  readonly blobs: Map<string, Set<string>>;
}

/** A client that takes a failure as real ones do: it tries again, or goes on where it has come to. */
export class ChaosClient {
  readonly run: ChaosRun;
  readonly dice: Dice;
  readonly #http: Deno.HttpClient;

  /** The client of that number. */
  constructor(run: ChaosRun, seed: number, number: number) {
    this.run = run;
    this.dice = new Dice(seed ^ 0x5eed, number);
    this.#http = run.connections[number % run.connections.length]!;
  }

  /**
   * Sends a request. Returns `undefined` if it failed without fault of the client: the connection broke, or a server on
   * the way asked to try again later.
   *
   * @throws {AssertionError} for every other answer that is not `expected`.
   */
  async ask(
    what: string,
    method: string,
    path: string,
    expected: readonly number[],
    options: Send = {},
  ): Promise<Answer | undefined> {
    let answer: Answer;
    try {
      answer = await send(this.run.url, method, path, { ...options, client: this.#http });
    } catch (error) {
      if (!(error instanceof Lost)) throw error;
      this.run.counts.add(`${what}: lost`);
      return undefined;
    }
    const { status } = answer;
    const isByBalancer = BALANCERS_FAILURES[this.run.balancer ?? "haproxy"](answer);
    const isFailure = isByBalancer || isCleanFailure(answer, method);
    const source = isByBalancer ? " by the balancer" : "";
    this.run.counts.add(`${what}: ${status}${source}`);
    if (expected.includes(status)) return answer;
    if (isFailure) return undefined;
    const body = new TextDecoder().decode(answer.body.subarray(0, 500));
    const id = answer.headers.get("X-Request-Id");
    throw new AssertionError(`Got ${status} for ${what} (${method} ${path}, request ${id}): ${body}`);
  }

  /** Tries until there is something, with pauses that grow. */
  async persist<T>(what: string, attempt: () => Promise<T | undefined>): Promise<T> {
    for (let tries = 1; tries <= MAX_ATTEMPTS; tries++) {
      const result = await attempt();
      if (result !== undefined) return result;
      const bound = Math.min(LONGEST_PAUSE_MS, 25 * 2 ** tries);
      await new Promise((resolve) => setTimeout(resolve, this.dice.below(bound)));
    }
    throw new AssertionError(`Failed ${MAX_ATTEMPTS} times: ${what}`);
  }
}

/** The own words of each balancer for replicas that are gone. The registry's errors are JSON and have an id. */
const BALANCERS_FAILURES: Readonly<Record<BalancerName, (answer: Answer) => boolean>> = {
  haproxy: (answer) => isBalancersFailure(answer, [502, 503], "text/html"),
  caddy: (answer) => isBalancersFailure(answer, [502, 503], null),
  nginx: (answer) => isBalancersFailure(answer, [502], "text/html"),
  envoy: (answer) => isBalancersFailure(answer, [503], "text/plain"),
};

function isBalancersFailure(
  { status, headers }: Answer,
  statuses: readonly number[],
  type: string | null,
): boolean {
  return statuses.includes(status) && headers.get("Content-Type") === type && !headers.has("X-Request-Id");
}

/** 503 with all that belongs to it. */
function isCleanFailure({ status, headers, body }: Answer, method: string): boolean {
  if (status !== 503 || !/^\d+$/.test(headers.get("Retry-After") ?? "")) return false;
  return method === "HEAD" || hasErrors(body);
}

function hasErrors(body: Uint8Array): boolean {
  try {
    const { errors } = JSON.parse(new TextDecoder().decode(body));
    return typeof errors[0].code === "string" && typeof errors[0].message === "string";
  } catch {
    return false;
  }
}
