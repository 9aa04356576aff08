/** The balancers of `infra/balancers` that test:all does not start, or not before three replicas. */
import { checkCluster, checkConformance, startBalanced } from "../cluster/balanced_cluster.ts";
import { checkBalancer, cutsSlowHeaders } from "../services/balancer_checks.ts";

Deno.test("infra/balancers: caddy", (t) => checkBalancer(t, "caddy"));

Deno.test("infra/balancers: caddy cuts off a client that sends its headers slowly", () =>
  cutsSlowHeaders("caddy"));

for (const name of ["caddy", "nginx", "envoy"] as const) {
  Deno.test(`three replicas behind the configuration of ${name}`, (t) => checkCluster(t, name));
}

Deno.test("three replicas with two workers each pass conformance behind HAProxy", async (t) => {
  await using cluster = await startBalanced("haproxy", { SKERRY_WORKERS: "2" });
  await checkConformance(t, cluster, "haproxy-workers");
});
