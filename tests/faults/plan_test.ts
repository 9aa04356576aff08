import { assert, assertEquals } from "@std/assert";
import { parseRequestHead } from "./head.ts";
import { type Fate, type Fault, Plan, RANDOM_FAULTS } from "./plan.ts";

function request(method: string) {
  return parseRequestHead(new TextEncoder().encode(`${method} / HTTP/1.1\r\n\r\n`));
}

function fates(plan: Plan, count: number): Fate[] {
  return Array.from({ length: count }, () => plan.next(request("GET")));
}

Deno.test("next() follows the script, then the dice", () => {
  const plan = new Plan({ seed: 1, rate: 1, faults: ["delay"] });
  plan.script(["pass", "repeat"]);
  plan.script(["hang"]);
  assertEquals(plan.stepsLeft, 3);
  assertEquals(fates(plan, 5), ["pass", "repeat", "hang", "delay", "delay"]);
  assertEquals(plan.stepsLeft, 0);
});

Deno.test("next() lets all pass that a step does not pick", () => {
  const plan = new Plan({ seed: 1, rate: 1, faults: ["delay"] });
  plan.script([{ fate: "repeat", when: ({ method }) => method === "PUT" }]);
  assertEquals(["GET", "PUT", "PUT"].map((method) => plan.next(request(method))), [
    "pass",
    "repeat",
    "delay",
  ]);
});

Deno.test("next() strikes as often as the rate says, each fault alike", () => {
  const plan = new Plan({ seed: 1, rate: 0, faults: RANDOM_FAULTS });
  assertEquals(new Set(fates(plan, 1000)), new Set(["pass"]));
  plan.rate = 0.2;
  const counts = new Map<Fate, number>();
  for (const fate of fates(plan, 100_000)) counts.set(fate, (counts.get(fate) ?? 0) + 1);
  const close = (count: number | undefined, expected: number) =>
    Math.abs((count ?? 0) - expected) < expected * 0.1;
  assert(close(counts.get("pass"), 80_000), `${[...counts]}`);
  for (const fault of RANDOM_FAULTS) {
    assert(close(counts.get(fault), 20_000 / RANDOM_FAULTS.length), `${[...counts]}`);
  }
});

Deno.test("next() uses only the configured faults", () => {
  const faults: Fault[] = ["refuse", "hang"];
  assertEquals(new Set(fates(new Plan({ seed: 1, rate: 1, faults }), 100)), new Set(faults));
});
