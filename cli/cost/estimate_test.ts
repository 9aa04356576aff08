import { assertEquals } from "@std/assert";
import { COUNTED, SWEPT, usageOf } from "./counted.ts";
import { estimate, type Load } from "./estimate.ts";
import { PRICED, PRICES, readPrices } from "./prices.ts";

const NOTHING: Load = {
  days: 30,
  pushes: 0,
  pulls: 0,
  layers: 5,
  imageBytes: 0,
  storedBytes: 0,
  redirect: false,
};
const GIB = 2 ** 30;

/** Quantities by name. */
function quantities(load: Partial<Load>): Record<string, number> {
  const { lines } = estimate({ ...NOTHING, ...load }, PRICES);
  return Object.fromEntries(lines.map(({ name, quantity }) => [name, quantity]));
}

Deno.test("usageOf() returns the counts, and continues them for other numbers of layers", () => {
  for (const flow of ["push", "pull"] as const) {
    for (const layers of [1, 5] as const) assertEquals(usageOf(flow, layers), COUNTED[flow][layers]);
  }
  assertEquals(usageOf("pull", 10), { http: 15, table: 13, readUnits: 14, writeUnits: 0, puts: 0, gets: 10 });
});

Deno.test("estimate() has the counted requests of every push and pull, and of the sweep", () => {
  const { readUnits, writeUnits, puts, gets, http } = quantities({ pushes: 10, pulls: 1000 });
  const { push: { 5: push }, pull: { 5: pull } } = COUNTED;
  assertEquals(
    { readUnits, writeUnits, puts, gets, http },
    {
      readUnits: 10 * (push.readUnits + 6 * SWEPT.readUnits) + 1000 * pull.readUnits,
      writeUnits: 10 * (push.writeUnits + 6 * SWEPT.writeUnits),
      puts: 60,
      gets: 5000,
      http: 10 * push.http + 1000 * pull.http,
    },
  );
});

Deno.test("estimate() counts the parts of large layers", () => {
  // Layers of 100 MiB have 7 parts of 16 MiB, and 9 requests each. The configuration has one.
  assertEquals(quantities({ pushes: 1, imageBytes: 500 * 2 ** 20 }).puts, 46);
});

Deno.test("estimate() bills the bytes of a pull at the bucket, and at the app unless it redirects", () => {
  const { bucketTransferGiB, appTransferGiB, storedGiB } = quantities({
    pulls: 3,
    imageBytes: GIB,
    storedBytes: 10 * GIB,
    days: 15,
  });
  assertEquals({ bucketTransferGiB, appTransferGiB, storedGiB }, {
    bucketTransferGiB: 3,
    appTransferGiB: 3,
    storedGiB: 5,
  });
  const redirected = quantities({ pulls: 3, imageBytes: GIB, redirect: true });
  assertEquals([redirected.bucketTransferGiB, redirected.appTransferGiB], [3, 0]);
});

Deno.test("estimate() takes off the included quantities, in proportion to the days", () => {
  const usdOf = (load: Partial<Load>, item: string) =>
    estimate({ ...NOTHING, ...load }, PRICES).lines.find(({ name }) => name === item)!.usd;
  assertEquals(usdOf({ pulls: 150, imageBytes: GIB }, "bucketTransferGiB"), 50 * 0.09);
  assertEquals(usdOf({ pulls: 150, imageBytes: GIB, days: 15 }, "bucketTransferGiB"), 100 * 0.09);
  assertEquals(usdOf({ pulls: 99, imageBytes: GIB }, "bucketTransferGiB"), 0);
  const { lines, totalUsd } = estimate({ ...NOTHING, storedBytes: 100 * GIB }, PRICES);
  assertEquals(totalUsd, 20 + 2.3);
  assertEquals(lines.map(({ name }) => name), [...PRICED]);
});

Deno.test("readPrices() reads the prices of --json, and refuses incomplete ones", () => {
  assertEquals(readPrices(JSON.stringify(PRICES)), PRICES);
  const { gets: _, ...incomplete } = PRICES.prices;
  const negative = { ...PRICES.prices, gets: { usd: -1, per: 1, included: 0 } };
  const ofNothing = { ...PRICES.prices, gets: { usd: 1, per: 0, included: 0 } };
  for (const prices of [incomplete, negative, ofNothing, undefined]) {
    assertEquals(readPrices(JSON.stringify({ ...PRICES, prices })), undefined);
  }
  for (const text of ["", "null", "[]", "1"]) assertEquals(readPrices(text), undefined);
});
