import { AssertionError } from "@std/assert";
import type { Balanced, Haproxy } from "../services/mod.ts";

/** Maximum delay of a balancer's log line after its answer, in milliseconds. */
const PATIENCE_MS = 5000;

/**
 * Asserts that a balancer, which has nothing left to do, has handed each request to another backend than the one before,
 * and answers how many each was given. Only where requests came one after the other does that mean anything.
 */
export async function assertTakesTurns(balancer: Haproxy): Promise<number[]> {
  const requests = await allRequests(balancer);
  for (const [index, { number, backend, method, target }] of requests.entries()) {
    if (backend === undefined) throw new AssertionError(`No backend was given ${method} ${target}`);
    if (backend === requests[index - 1]?.backend) {
      throw new AssertionError(
        `Backend ${backend} was given ${method} ${target} (${number}) and the one before`,
      );
    }
  }
  return sharesOf(requests);
}

/**
 * Number of requests that each backend got from an idle balancer. Bytes that are not a request (clients try TLS first)
 * reach no backend.
 */
export async function shares(balancer: Haproxy): Promise<number[]> {
  return sharesOf(await allRequests(balancer));
}

function sharesOf(requests: readonly Balanced[]): number[] {
  const shares: number[] = [];
  for (const { backend } of requests) {
    if (backend !== undefined) shares[backend] = (shares[backend] ?? 0) + 1;
  }
  return shares;
}

/** Its log comes a little after its answers; that nothing of it is missing tells by the numbers. */
async function allRequests(balancer: Haproxy): Promise<Balanced[]> {
  for (const deadline = Date.now() + PATIENCE_MS;;) {
    const requests = balancer.requests();
    await new Promise((resolve) => setTimeout(resolve, 100));
    const isWhole = requests.at(-1)?.number === (requests[0]?.number ?? 0) + requests.length - 1;
    if (isWhole && balancer.requests().length === requests.length) return requests;
    if (Date.now() > deadline) throw new AssertionError(`The log of ${requests.length} requests has gaps`);
  }
}
