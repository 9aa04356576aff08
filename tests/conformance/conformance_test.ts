import { SUBJECTS } from "../harness/subjects.ts";
import { assertTakesTurns } from "../harness/turns.ts";
import { checkRun, RUNS } from "./runs.ts";

for (const kind of SUBJECTS) {
  for (const run of RUNS) {
    Deno.test(`OCI conformance: ${run.name} on ${kind.name}`, async (t) => {
      await using subject = await kind.start(run.registry);
      await checkRun(t, run, subject.host, kind.id);
      const { balancer } = subject;
      if (balancer === undefined) return;
      await t.step("each request went to another replica than the one before", async () => {
        console.log("Requests by replica:", await assertTakesTurns(balancer));
      });
    });
  }
}
