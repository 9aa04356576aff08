import { assertEquals } from "@std/assert";
import { QuotaHolds } from "./quota_holds.ts";

Deno.test("set() of no bytes keeps the reservations of other pushes", () => {
  const holds = new QuotaHolds(() => 1);
  const quota = { held: 0 };
  holds.set("push", [quota], 5);
  for (let i = 0; i < 20_000; i++) {
    holds.set(`${i}`, [quota], 7);
    holds.keep(`${i}`, 0);
  }
  assertEquals([quota.held, holds.bytesOf("push")], [5, 5]);
});
