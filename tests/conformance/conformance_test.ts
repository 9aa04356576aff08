import { assertEquals } from "@std/assert";
import { ADMINISTRATOR, startSecured } from "../harness/secured.ts";
import { SUBJECTS, WORKERS } from "../harness/subjects.ts";
import { assertTakesTurns } from "../harness/turns.ts";
import { checkRun, RUNS } from "./runs.ts";

for (const kind of SUBJECTS) {
  for (const run of RUNS) {
    Deno.test(`OCI conformance: ${run.name} on ${kind.name}`, async (t) => {
      await using subject = await kind.start(run.registry);
      await checkRun(t, run, subject, kind.id);
      if (kind === WORKERS) {
        await t.step("both workers answered", () => {
          const ids = [...subject.log().matchAll(/"id":"([^"-]+)-/g)].map(([, worker]) => worker);
          assertEquals(new Set(ids).size, 2);
        });
      }
      const { balancer } = subject;
      if (balancer === undefined) return;
      await t.step("each request went to another replica than the one before", async () => {
        console.log("Requests by replica:", await assertTakesTurns(balancer));
      });
    });
  }
}

/** Logins of the suites at a registry with authentication. */
const LOGINS = [
  { id: "basic", name: "with a password in every request", challenge: "basic", keepsTokens: true },
  { id: "tokens", name: "with tokens", challenge: "bearer", keepsTokens: true },
  { id: "new-tokens", name: "with a new token for every request", challenge: "bearer", keepsTokens: false },
];

for (const { id, name, challenge, keepsTokens } of LOGINS) {
  for (const run of RUNS) {
    Deno.test(`OCI conformance: ${run.name} ${name}`, async (t) => {
      await using registry = await startSecured({ challenge }, run.registry);
      const target = { host: registry.host, login: { ...ADMINISTRATOR, keepsTokens } };
      await checkRun(t, run, target, id);
    });
  }
}
