import { MUTATIONS } from "./mutations.ts";
import { makeMutant } from "./mutant.ts";
import { runSeed } from "./search.ts";
const most = Number(Deno.args[0] ?? 3000);
const only = Deno.args[1];
let missed = 0;
for (const { name, edits, scenario, from = 0 } of MUTATIONS) {
  if (only !== undefined && !name.includes(only)) continue;
  try {
    await using mutant = await makeMutant(edits);
    let found;
    let seed = from;
    const t0 = performance.now();
    for (; seed < from + most && found === undefined; seed++) {
      found = await runSeed(mutant.module, seed, scenario);
    }
    const ms = (performance.now() - t0).toFixed(0);
    if (found === undefined) missed++;
    console.log(
      found === undefined ? "MISSED" : "found ",
      seed - 1,
      ms + " ms",
      name,
      only ? found?.report : found?.report.split("\n")[0],
    );
  } catch (e) {
    missed++;
    console.log("ERROR ", name, (e as Error).stack);
  }
}
console.log(missed, "missed");
