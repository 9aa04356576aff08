import { assert } from "@std/assert";
import { runFaults } from "../events/fault_run.ts";

/** Number of pushes; `EVENT_PUSHES` sets another one. */
const PUSHES = Number(Deno.env.get("EVENT_PUSHES") ?? 10_000);

Deno.test(`every event of ${PUSHES} pushes arrives, in order for a tag, beside kills and a receiver that refuses half of them`, async () => {
  const report = await runFaults({ pushes: PUSHES, killEvery: 5000, patience: 900_000 });
  console.log(report);
  assert(report.kills > 0 && report.refused > report.accepted / 2, JSON.stringify(report));
});
