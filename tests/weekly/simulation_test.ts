/** Runs of the simulation with seeds that no earlier week had. */
import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const RUNS = 50_000;
const WEEK_MS = 7 * 24 * 3600 * 1000;

/** About ten minutes of two cores. The test ends a simulation that hangs. */
const DEADLINE_MS = 60 * 60 * 1000;

Deno.test("the simulation finds no violation with the seeds of this week", async () => {
  const seed = Math.floor(Date.now() / WEEK_MS) * RUNS;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--lock=tests/deno.lock", "--allow-all", "tests/simulation/main.ts"],
      ...[`--seed=${seed}`, `--count=${RUNS}`],
    ],
    cwd: ROOT,
    stdin: "null",
    signal: AbortSignal.timeout(DEADLINE_MS),
  }).output();
  const text = new TextDecoder().decode(stdout);
  console.log(text);
  assertEquals(code, 0, `${text}${new TextDecoder().decode(stderr)}`);
  const ran = /: (\d+) runs in \d+ s, (\d+) failed/.exec(text)?.slice(1);
  assertEquals(ran, [String(RUNS), "0"]);
});
