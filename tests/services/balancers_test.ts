/** The configurations of `infra/balancers`, except Caddy's, which takes minutes to build (`tests/weekly`). */
import { atOnce } from "../harness/at_once.ts";
import { checkBalancer, cutsSlowHeaders } from "./balancer_checks.ts";

const BALANCERS = ["haproxy", "nginx", "envoy"] as const;

for (const name of BALANCERS) {
  Deno.test(`infra/balancers: ${name}`, (t) => checkBalancer(t, name));
}

Deno.test("infra/balancers cut off a client that sends its headers slowly", async (t) => {
  await atOnce(t, Object.fromEntries(BALANCERS.map((name) => [name, () => cutsSlowHeaders(name)])));
});
