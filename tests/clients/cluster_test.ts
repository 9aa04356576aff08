import { assertEquals, assertLessOrEqual, assertMatch } from "@std/assert";
import { CLUSTER } from "../harness/subjects.ts";
import { runTests } from "../harness/test_run.ts";
import { shares } from "../harness/turns.ts";
import { assertNoTrouble, REGISTRY_VARIABLE } from "./workbench.ts";

const THIS = "tests/clients/cluster_test.ts";

/** Tests that start a registry of their own and would do the same again. */
const WITH_OWN_REGISTRIES = ["login", "pull_rounds", "redirect", "signatures", "wire"].map((name) =>
  `tests/clients/${name}_test.ts`
);

/** Tiers in front of the replicas. Layers of at least 1 MiB are redirected. */
const TIERS = { SKERRY_DELIVERY: "auto", SKERRY_PUBLIC: '{"hosts": ["pull.test"], "tagTtl": "10s"}' };

Deno.test(`all clients get along with ${CLUSTER.name}`, async (t) => {
  await using subject = await CLUSTER.start({ SKERRY_LOG: "json", ...TIERS });
  await runTests(t, {
    paths: ["tests/clients"],
    ignore: [THIS, ...WITH_OWN_REGISTRIES],
    env: { [REGISTRY_VARIABLE]: subject.host },
  });
  await t.step("no replica was in trouble", () => assertNoTrouble(subject.log()));
  await t.step(
    "layers were redirected",
    () => assertMatch(subject.log(), /"http\.response\.status_code":307/),
  );
  await t.step("each replica had its share of the requests", async () => {
    const counts = await shares(subject.balancer!);
    console.log("Requests by replica:", counts);
    assertEquals(counts.length, subject.processes.length);
    assertLessOrEqual(Math.max(...counts) - Math.min(...counts), 1);
  });
});
