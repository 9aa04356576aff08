import { startRegistry } from "../harness/registry_process.ts";
import { checkRun, RUNS } from "./runs.ts";

for (const run of RUNS) {
  Deno.test(`OCI conformance: ${run.name}`, async (t) => {
    await using registry = await startRegistry({ env: run.registry });
    await checkRun(t, run, registry.host);
  });
}
