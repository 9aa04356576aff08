import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { StartError } from "../../config/mod.ts";
import { runCommand } from "../run_command.ts";
import { withFolder } from "../testing/mod.ts";
import { PRICES } from "./prices.ts";

const LOAD = ["--pushes", "300", "--pulls", "50000", "--bytes", "200MiB"];

/** Runs a command line without a configuration. */
async function run(...args: string[]): Promise<{ code: number | undefined; output: string }> {
  const lines: string[] = [];
  const config = () => Promise.reject(new TypeError("The command needs no configuration"));
  const code = await runCommand(args, { config, print: (text) => lines.push(text) });
  return { code, output: lines.join("\n") };
}

Deno.test("skerry cost prints the example of docs/costs.md", async () => {
  const docs = await Deno.readTextFile(new URL("../../docs/costs.md", import.meta.url));
  const { code, output } = await run("cost", ...LOAD, "--stored", "500GiB");
  assertEquals(code, 0);
  assertStringIncludes(docs, `skerry cost ${LOAD.join(" ")} --stored 500GiB\n`);
  assertStringIncludes(docs, `\`\`\`\n${output}\n\`\`\``);
});

Deno.test("skerry cost --json prints load, prices, lines and total", async () => {
  const { output } = await run("cost", ...LOAD, "--json", "--days", "10", "--layers", "3", "--redirect");
  const { load, prices, lines, totalUsd } = JSON.parse(output);
  assertEquals(load, {
    days: 10,
    pushes: 300,
    pulls: 50_000,
    layers: 3,
    imageBytes: 200 * 2 ** 20,
    storedBytes: 300 * 200 * 2 ** 20,
    redirect: true,
  });
  assertEquals(prices, PRICES);
  assertEquals(lines.reduce((sum: number, { usd }: { usd: number }) => sum + usd, 0), totalUsd);
});

Deno.test("skerry cost takes other prices from a file", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/prices.json`;
    const free = Object.fromEntries(
      Object.keys(PRICES.prices).map((name) => [name, { usd: 0, per: 1, included: 0 }]),
    );
    await Deno.writeTextFile(path, JSON.stringify({ date: "2026-11-28", region: "home", prices: free }));
    const { output } = await run("cost", ...LOAD, "--prices", path);
    assertStringIncludes(output, "Prices: home, 2026-11-28");
    assertStringIncludes(output, "0.00\n  total");
    await Deno.writeTextFile(path, "{}");
    await assertRejects(() => run("cost", ...LOAD, "--prices", path), StartError, "Cannot use the prices");
    await assertRejects(() => run("cost", ...LOAD, "--prices", folder), StartError, "Cannot read the prices");
  });
});

Deno.test("skerry cost refuses missing and invalid numbers", async () => {
  for (
    const args of [
      ["--pulls", "1", "--pushes", "1"],
      ["--pulls", "1", "--bytes", "1"],
      [...LOAD, "--pulls", "1.5"],
      [...LOAD, "--pulls=-1"],
      [...LOAD, "--bytes", "1XB"],
      [...LOAD, "--layers", "0"],
      [...LOAD, "--days", "0"],
    ]
  ) assertEquals((await run("cost", ...args)).code, 2, args.join(" "));
});
