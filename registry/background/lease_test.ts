import { assert, assertEquals } from "@std/assert";
import { TestStores } from "../../tests/harness/stores.ts";
import type { Context } from "../protocol/mod.ts";
import { Lease } from "./lease.ts";

/** A quarter of it is how long a lease lasts, in milliseconds. */
const GRACE_MS = 40_000;

Deno.test("keep() renews the lease for as long as its process works", async () => {
  const stores = new TestStores();
  const context = { table: stores.table, now: () => stores.now, grace: GRACE_MS } as Context;
  const take = () => Lease.take<{ step: number }>(context, "name", (known) => known ?? { step: 0 });
  const lease = (await take())!;
  for (let step = 1; step <= 5; step++) {
    stores.now += 6000;
    assert(await lease.keep({ step }));
    assertEquals(await take(), undefined);
  }
  stores.now += 10_001;
  const next = (await take())!;
  assert(next.state.step >= 4);
  assertEquals(await lease.release({ step: 9 }), false);
});
