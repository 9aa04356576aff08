import { assertEquals } from "@std/assert";
import { MemoryTable } from "../../storage/mod.ts";
import { FailureCounts } from "./failure_counts.ts";

Deno.test("claim() that is refused by another replica's failures learns their count and adds none", async () => {
  const table = new MemoryTable();
  const [one, other] = Array.from(
    { length: 2 },
    () => new FailureCounts({ table, freeFailures: 1, now: () => 1_000_000 }),
  ) as [FailureCounts, FailureCounts];
  await one.add("address", "192.0.2.1");
  const count = { failures: 1, blockedUntil: 1_001_000, at: 1_000_000 };
  assertEquals(one.get("address", "192.0.2.1"), count);
  for (let attempt = 0; attempt < 5; attempt++) {
    assertEquals(await other.claim("address", "192.0.2.1"), { wait: 1000 });
    assertEquals(other.get("address", "192.0.2.1"), count);
  }
});
