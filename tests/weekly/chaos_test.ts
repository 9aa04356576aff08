/** The fault run of `tests/cluster/chaos_test.ts` behind each configuration of `infra/balancers`, and with workers. */
import { runChaos } from "../cluster/chaos_run.ts";

/** Number of images of each run. */
const PUSHES = 80;

/** Another seed makes other runs. */
const SEED = Number(Deno.env.get("CHAOS_SEED") ?? 20_261_128);

for (const balancer of ["haproxy", "caddy", "nginx", "envoy"] as const) {
  Deno.test(`replicas behind ${balancer} lose nothing when they are killed and their stores fail`, async () => {
    await runChaos({ pushes: PUSHES, seed: SEED, balancer });
  });
}

Deno.test("replicas with two workers each lose nothing when both are killed and their stores fail", async () => {
  await runChaos({ pushes: PUSHES, seed: SEED, balancer: "haproxy", workers: 2 });
});
