import { assertEquals } from "@std/assert";
import { atOnce, type Checks } from "../harness/at_once.ts";
import { ADMINISTRATOR, startSecured } from "../harness/secured.ts";
import { CLUSTER, type SubjectKind, SUBJECTS, WORKERS } from "../harness/subjects.ts";
import { assertTakesTurns } from "../harness/turns.ts";
import { checkRun, type ConformanceRun, RUNS } from "./runs.ts";

/** Logins of the suites at a registry with authentication. */
const LOGINS = [
  { id: "basic", name: "with a password in every request", challenge: "basic", keepsTokens: true },
  { id: "tokens", name: "with tokens", challenge: "bearer", keepsTokens: true },
  { id: "new-tokens", name: "with a new token for every request", challenge: "bearer", keepsTokens: false },
];

const REDIRECTS = { SKERRY_DELIVERY: "redirect" };
const PUBLIC = { hosts: ["pull.test"], tagTtl: "10s" };
const PUBLIC_HOST = { SKERRY_PUBLIC: JSON.stringify(PUBLIC) };

/** Tiers of the replicas in each run: all of them, then all but redirects, the public host, and the shared cache. */
const TIERS: Record<string, Record<string, string>> = {
  "dev": { ...REDIRECTS, ...PUBLIC_HOST },
  "v1.1": PUBLIC_HOST,
  "strict": REDIRECTS,
  "first-suite": {
    ...REDIRECTS,
    SKERRY_PUBLIC: JSON.stringify({ ...PUBLIC, digestTtl: "0", tagTtl: "0" }),
  },
};

// A suite mostly waits: for the deletes of manifests, which take 400 ms each.
for (const run of RUNS) {
  Deno.test(`OCI conformance: ${run.name}`, async (t) => {
    const kinds = SUBJECTS.map((kind) => [`on ${kind.name}`, () => runOn(kind, run)]);
    const logins = LOGINS.map((login) => [login.name, () => runWith(login, run)]);
    await atOnce(t, Object.fromEntries([...kinds, ...logins]));
  });
}

/** Runs a suite on a registry without authentication. */
async function runOn(kind: SubjectKind, run: ConformanceRun): Promise<Checks> {
  await using subject = await kind.start({ ...run.registry, ...kind === CLUSTER ? TIERS[run.name] : {} });
  const suite = await run.run(subject, `${kind.id}-${run.name}`);
  return async (t) => {
    await checkRun(t, run, suite);
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
  };
}

/** Runs a suite on a registry where it must log in. */
async function runWith(
  { id, challenge, keepsTokens }: typeof LOGINS[number],
  run: ConformanceRun,
): Promise<Checks> {
  await using registry = await startSecured({ challenge }, run.registry);
  const target = { host: registry.host, login: { ...ADMINISTRATOR, keepsTokens } };
  const suite = await run.run(target, `${id}-${run.name}`);
  return (t) => checkRun(t, run, suite);
}
