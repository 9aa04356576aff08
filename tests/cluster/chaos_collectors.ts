/** Collectors that work all the time, each in a process of its own. */
export interface Collectors {
  /** Collections that came to their end, and those that a fault of a store has ended. */
  readonly counts: { readonly done: number; readonly failed: number; readonly removed: number };
  /** Ends them. */
  stop(): Promise<void>;
}

/** Milliseconds from the end of a collection to the next of the same collector. */
const PAUSE_MS = 500;

const MAIN = new URL("../../main.ts", import.meta.url).pathname;

/** Starts so many of them: `skerry collect`, again and again, with these settings. */
export function startCollectors(env: Readonly<Record<string, string>>, count: number): Collectors {
  const counts = { done: 0, failed: 0, removed: 0 };
  let stopped = false;

  async function collect(): Promise<void> {
    while (!stopped) {
      const args = ["run", "--allow-all", MAIN, "collect", "--json"];
      const { success, stdout } = await new Deno.Command(Deno.execPath(), { args, env: { ...env } }).output();
      counts[success ? "done" : "failed"]++;
      counts.removed += new TextDecoder().decode(stdout).split("\n").length - 1;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  const collectors = Array.from({ length: count }, collect);
  return {
    counts,
    async stop() {
      stopped = true;
      await Promise.all(collectors);
    },
  };
}
