/**
 * The fault proxy as a process of its own, which ends when its input does.
 *
 * ```sh
 * deno run -A tests/faults/main.ts --upstream http://127.0.0.1:9000 --rate 0.05 --seed 7 --faults delay,repeat
 * ```
 *
 * @module
 */

import { parseArgs } from "node:util";
import { linesOf, type Order, type Report } from "./control.ts";
import { type FaultProxy, startFaultProxy } from "./fault_proxy.ts";
import { type Fault, FAULTS } from "./plan.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    upstream: { type: "string" },
    port: { type: "string", default: "0" },
    rate: { type: "string", default: "0" },
    seed: { type: "string" },
    faults: { type: "string" },
    "longest-delay": { type: "string", default: "500" },
  },
});

function faultsOf(list: string): Fault[] {
  return list.split(",").map((name) => {
    const fault = FAULTS.find((known) => known === name);
    if (fault === undefined) throw new RangeError(`Unknown fault "${name}": there are ${FAULTS.join(", ")}`);
    return fault;
  });
}

function obey(proxy: FaultProxy, { rate, down, cut, script }: Order): void {
  if (script !== undefined) proxy.script(script);
  if (rate !== undefined) proxy.rate = rate;
  if (down !== undefined) proxy.down = down;
  if (cut) proxy.cut();
}

function report({ url, seed, counts, traffic, stepsLeft }: FaultProxy): void {
  console.log(JSON.stringify({ url, seed, counts, traffic, stepsLeft } satisfies Report));
}

if (values.upstream === undefined) throw new TypeError("Cannot start: --upstream is missing");
await using proxy = startFaultProxy({
  upstream: values.upstream,
  port: Number(values.port),
  rate: Number(values.rate),
  longestDelay: Number(values["longest-delay"]),
  ...(values.seed === undefined ? {} : { seed: Number(values.seed) }),
  ...(values.faults === undefined ? {} : { faults: faultsOf(values.faults) }),
});
report(proxy);
for await (const line of linesOf(Deno.stdin.readable)) {
  obey(proxy, JSON.parse(line));
  report(proxy);
}
