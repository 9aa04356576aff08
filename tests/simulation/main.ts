import * as registry from "../../registry/mod.ts";
import { runSeed } from "./search.ts";
const from = Number(Deno.args[0] ?? 0), count = Number(Deno.args[1] ?? 1000);
const t0 = performance.now();
let fails = 0;
for (let seed = from; seed < from + count; seed++) {
  const failure = await runSeed(registry, seed);
  if (failure !== undefined) {
    console.log(failure.name, failure.report.slice(0, 12000));
    if (++fails >= Number(Deno.args[2] ?? 1)) break;
  }
}
console.log(`${count} in ${((performance.now() - t0) / 1000).toFixed(1)} s, ${fails} failed`);
