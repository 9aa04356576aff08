/**
 * The process: reads the configuration, serves the registry, and stops it in order when a signal comes. With arguments
 * it is an operator's command instead.
 *
 * @module
 */
import {
  announce,
  fail,
  type Log,
  logFor,
  type Opener,
  registerUpkeep,
  reloadOnChange,
  startServing,
} from "./process/mod.ts";
import { readConfig } from "./config/mod.ts";

// Not literal: Deno would read all their modules before the first line runs, which takes 15% of the CPU time of a start.
const importCommands = (): Promise<typeof import("./cli/mod.ts")> =>
  import(new URL("cli/mod.ts", import.meta.url).href);
const importWorkers = (): Promise<typeof import("./process/workers/mod.ts")> =>
  import(new URL("process/workers/mod.ts", import.meta.url).href);
const importNotify = (): Promise<typeof import("./process/notify.ts")> =>
  import(new URL("process/notify.ts", import.meta.url).href);

async function main(): Promise<void> {
  if (Deno.args.length === 0) return await serveRegistry();
  const { runCommand } = await importCommands();
  const config = () => readConfig(Deno.env.toObject());
  const code = await runCommand(Deno.args, { serve: serveRegistry, config, print: console.log });
  if (code !== undefined) Deno.exit(code);
}

async function serveRegistry(): Promise<void> {
  const config = await readConfig(Deno.env.toObject());
  if (config.workers > 1) {
    const { superviseWorkers } = await importWorkers();
    const root = decodeURIComponent(new URL(".", Deno.mainModule).pathname);
    const workers = superviseWorkers(config, root);
    notify(() => Promise.resolve(workers.isReady()), logFor(config));
    Deno.exit(await workers.ended);
  }
  const log = logFor(config);
  const { url, opener, prepare, stop } = await startServing(config, log);
  serving(opener);
  announce(url, config, log);
  reloadOnChange({ config, prepare, log, stop });
  notify(async () => await (await opener.open()).ready(), log);
}

/** Tells the service manager that the registry is ready, if it waits for that. */
async function notify(ready: () => Promise<boolean>, log: Log): Promise<void> {
  if (Deno.env.has("NOTIFY_SOCKET")) await (await importNotify()).notifyWhenReady(ready, log);
}

const { promise: served, resolve: serving } = Promise.withResolvers<Opener>();
registerUpkeep(async (budget) => await (await (await served).open()).upkeep(budget));
await main().catch(fail);
