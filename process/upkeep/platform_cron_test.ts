import { assertEquals } from "@std/assert";
import { registerUpkeep } from "./platform_cron.ts";

Deno.test("registerUpkeep() schedules in every timeline, and runs in production alone", async () => {
  for (const timeline of [undefined, "preview/1", "git-branch/main", "production"]) {
    const budgets: number[] = [];
    const handlers: (() => Promise<void>)[] = [];
    registerUpkeep((budget) => Promise.resolve(void budgets.push(budget)), {
      cron(name, schedule, handler) {
        assertEquals([name, schedule], ["upkeep", "*/15 * * * *"]);
        handlers.push(handler);
        return Promise.resolve();
      },
      timeline: () => timeline,
    });
    assertEquals(handlers.length, 1, `in timeline ${timeline}`);
    await handlers[0]!();
    assertEquals(budgets, timeline === "production" ? [60_000] : []);
  }
});

Deno.test("main registers its upkeep at the top level, unconditionally and before it serves", async () => {
  const source = await Deno.readTextFile(new URL("../../main.ts", import.meta.url));
  const register = source.indexOf("\nregisterUpkeep(");
  assertEquals(register > 0 && register < source.indexOf("\nawait main()"), true);
});
