/**
 * `deno task start`: runs the registry with the least rights that its configuration needs. A service runs main.ts itself, without this process in between: see docs/operations.md.
 *
 * @module
 */
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type Config, FILE_VARIABLE, readConfig, StartError } from "../../config/mod.ts";
import { startOptions } from "./start_options.ts";
import { stopWithNpx } from "./npx.ts";
import { ensureFolder } from "../../storage/mod.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

async function start(): Promise<number> {
  const config = await readConfig(Deno.env.toObject());
  // The registry may write to the data folder alone, so it can't make the folders above.
  if (config.storage === "folder") await makeDataFolder(config.data);
  if (config.workers > 1) return await startWorkers(config);
  const options = startOptions(config, ROOT, Deno.env.get(FILE_VARIABLE));
  const child = new Deno.Command(Deno.execPath(), {
    // `deno task` has installed everything. A download that begins later would be drawn over the address of the registry.
    args: ["run", "--cached-only", "--no-prompt", ...options, `${ROOT}main.ts`],
  }).spawn();
  passOnSignals(child);
  stopWithNpx(() => child.kill("SIGTERM"));
  return (await child.status).code;
}

// Not literal, since few registries have workers.
const importWorkers = (): Promise<typeof import("../workers/mod.ts")> =>
  import(new URL("../workers/mod.ts", import.meta.url).href);

/** This process is the parent of the workers then, with no process in between. */
async function startWorkers(config: Config): Promise<number> {
  const { superviseWorkers } = await importWorkers();
  const workers = superviseWorkers(config, ROOT, ["--cached-only"]);
  stopWithNpx(() => workers.stop());
  return await workers.ended;
}

async function makeDataFolder(data: string): Promise<void> {
  try {
    await ensureFolder(resolve(data));
  } catch (error) {
    throw new StartError(`Cannot create the data folder "${data}": ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function passOnSignals(child: Deno.ChildProcess): void {
  if (Deno.build.os !== "windows") {
    for (const signal of ["SIGTERM", "SIGHUP"] as const) {
      Deno.addSignalListener(signal, () => child.kill(signal));
    }
  }
  // A terminal sends Ctrl+C to every process of the group, and the second one would end the registry at once if this
  // process was late to hand on the first one.
  Deno.addSignalListener("SIGINT", () => {
    if (!Deno.stdin.isTerminal()) child.kill("SIGINT");
  });
}

try {
  Deno.exit(await start());
} catch (error) {
  console.error((error as Error).message);
  Deno.exit(1);
}
