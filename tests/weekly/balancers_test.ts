/** The configurations of `infra/balancers` that take longer. */
import { checkBalancer, cutsSlowHeaders } from "../services/balancer_checks.ts";

Deno.test("infra/balancers: caddy", (t) => checkBalancer(t, "caddy"));

Deno.test("infra/balancers: caddy cuts off a client that sends its headers slowly", () =>
  cutsSlowHeaders("caddy"));
