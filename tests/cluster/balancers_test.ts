/** Three replicas behind HAProxy with its file of `infra/balancers`. The other balancers are tested weekly. */
import { checkCluster } from "./balanced_cluster.ts";

Deno.test("three replicas behind infra/balancers/haproxy.cfg", (t) => checkCluster(t, "haproxy"));
