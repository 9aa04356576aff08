import { assertEquals, AssertionError, assertRejects } from "@std/assert";
import type { Balanced, Haproxy } from "../services/mod.ts";
import { assertTakesTurns, shares } from "./turns.ts";

/** A balancer that has handed on requests to these backends. */
function balancer(...backends: (number | undefined)[]): Haproxy {
  const requests = backends.map((backend, index): Balanced => {
    return { number: 7 + index, backend, status: 200, method: "GET", target: "/" };
  });
  return { requests: () => requests } as unknown as Haproxy;
}

Deno.test("assertTakesTurns() counts the requests of each backend", async () => {
  assertEquals(await assertTakesTurns(balancer(1, 2, 0, 1)), [1, 2, 1]);
});

Deno.test("assertTakesTurns() throws when a backend is given two requests in succession", async () => {
  await assertRejects(() => assertTakesTurns(balancer(0, 1, 1)), AssertionError, "Backend 1");
});

Deno.test("assertTakesTurns() throws when no backend was given a request", async () => {
  await assertRejects(() => assertTakesTurns(balancer(0, undefined, 1)), AssertionError, "No backend");
});

Deno.test("shares() omits requests that no backend received", async () => {
  assertEquals(await shares(balancer(0, undefined, 1, 1)), [1, 2]);
});
