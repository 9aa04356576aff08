/** The fault run behind a plain HAProxy. `tests/weekly` has those behind the configurations of `infra/balancers`. */
import { runChaos } from "./chaos_run.ts";

/** Number of pushed images, and the seed of the run; another seed makes another run. */
const PUSHES = Number(Deno.env.get("CHAOS_PUSHES") ?? 500);
const SEED = Number(Deno.env.get("CHAOS_SEED") ?? 20_261_124);

Deno.test("replicas lose nothing when they are killed every second and their stores fail", async () => {
  await runChaos({ pushes: PUSHES, seed: SEED });
});
