/** The proof that the simulation can see: each mistake in the protocols is found, and by nothing else than the mistake. */
import { assert, assertEquals } from "@std/assert";
import { makeMutant } from "./mutant.ts";
import { MUTATIONS } from "./mutations/mod.ts";
import { type Failure, runInterrupted, runSeed } from "./search.ts";
import { REAL } from "./open_registry.ts";

/** Seeds in which a mistake has to be found. */
const SEEDS = 3000;

for (const { name, edits, scenario, interrupted, from = 0 } of MUTATIONS) {
  Deno.test(`the simulation finds that ${name}`, async () => {
    await using mutant = await makeMutant(edits);
    if (interrupted !== undefined) {
      assert((await runInterrupted(mutant.module, interrupted)).failure !== undefined, "Nothing was found");
      assertEquals((await runInterrupted(REAL, interrupted)).failure, undefined);
      return;
    }
    let failure: Failure | undefined;
    let seed = from;
    for (; failure === undefined; seed++) {
      assert(seed < from + SEEDS, `Nothing was found from seed ${from} on`);
      failure = await runSeed(mutant.module, seed, scenario);
    }
    assertEquals(
      await runSeed(REAL, seed - 1, scenario),
      undefined,
      "Without the mistake it is found as well",
    );
  });
}
