import { assertEquals, assertGreater } from "@std/assert";
import type { Scenario } from "./scenario.ts";
import { runAll } from "./search.ts";
import { REAL } from "./open_registry.ts";

/** Maximum number of orders of a scenario that a run of all tests can afford. */
const ORDERS = 4000;

/** Declares a test for each of the scenarios: it holds in every order of the calls. */
export function testOrders(scenarios: Readonly<Record<string, Scenario>>): void {
  for (const [name, scenario] of Object.entries(scenarios)) {
    Deno.test(`nothing is lost and nothing left in the orders of ${name}`, async () => {
      const { runs, failure } = await runAll(REAL, scenario, { limit: ORDERS });
      assertEquals(failure, undefined);
      assertGreater(runs, 1);
    });
  }
}
