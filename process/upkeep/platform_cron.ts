/** `Deno.cron`, if the platform has it: its types are unstable. */
export type Cron = (name: string, schedule: string, handler: () => Promise<void>) => Promise<void>;

/** Milliseconds that the upkeep may take when the platform starts it. */
const UPKEEP_BUDGET_MS = 60_000;

/**
 * Registers background work with Deno Deploy, where no process lives as long as an interval. The platform reads the
 * list of crons from the top level of main.ts: it does not find a call in a condition, or after the server has started.
 * So every process calls this, and the handler decides: every branch has the schedule, and only one is the registry.
 */
export function registerUpkeep(
  run: (budget: number) => Promise<void>,
  { cron, timeline }: { cron: Cron | undefined; timeline: () => string | undefined } = {
    cron: (Deno as { cron?: Cron }).cron,
    timeline: () => Deno.env.get("DENO_TIMELINE"),
  },
): void {
  cron?.("upkeep", "*/15 * * * *", async () => {
    if (timeline() === "production") await run(UPKEEP_BUDGET_MS);
  }).catch((error) => console.error("Cannot schedule background work:", error));
}
