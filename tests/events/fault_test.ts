import { assert } from "@std/assert";
import { runFaults } from "./fault_run.ts";

Deno.test("every event of a push arrives, in order for a tag, beside kills and a receiver that refuses half of them", async () => {
  const report = await runFaults({
    pushes: 300,
    killEvery: 1000,
    patience: 180_000,
    // So that another process takes over the work of a killed one within seconds.
    env: { SKERRY_GRACE: "20s", SKERRY_DEADLINE: "2s", SKERRY_UPLOAD_EXPIRY: "1m" },
  });
  assert(report.kills > 0 && report.refused > 0, JSON.stringify(report));
});
