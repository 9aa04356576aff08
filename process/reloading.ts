import { type Config, FILE_VARIABLE } from "../config/mod.ts";
import type { Reloader, ReloaderOptions } from "./reload/mod.ts";

/** Milliseconds from the start until files are watched, so that the first answers do not wait for it. */
const WATCH_DELAY_MS = 100;

// Not literal: Deno would read its modules before the first line runs.
const importReload = (): Promise<typeof import("./reload/mod.ts")> =>
  import(new URL("reload/mod.ts", import.meta.url).href);

/** Options of {@linkcode reloadOnChange}. */
export interface ReloadingOptions extends ReloaderOptions {
  /** Stops the process gracefully. */
  stop: (signal: Deno.Signal) => void;
}

/**
 * Reloads the configuration on SIGHUP and after each change of its files, until the process ends. Deno Deploy sends no
 * SIGHUP, and starts a new process for each change. Windows has no SIGHUP.
 */
export function reloadOnChange(options: ReloadingOptions): void {
  if (Deno.env.has("DENO_DEPLOY")) return;
  let loading: Promise<Reloader> | undefined;
  const reloader = () => loading ??= importReload().then(({ Reloader }) => new Reloader(options));
  const hadTerminal = Deno.stdin.isTerminal();
  if (Deno.build.os !== "windows") {
    Deno.addSignalListener("SIGHUP", async () => {
      // The terminal was closed: SIGHUP has its first meaning.
      if (hadTerminal && !Deno.stdin.isTerminal()) return options.stop("SIGHUP");
      await (await reloader()).reload();
    });
  }
  if (!hasFiles(options.config)) return;
  // Not `setTimeout`, whose first use in a process takes time.
  AbortSignal.timeout(WATCH_DELAY_MS).addEventListener("abort", async () => await (await reloader()).watch());
}

function hasFiles({ auth, tlsCert, verify }: Config): boolean {
  return Boolean(Deno.env.get(FILE_VARIABLE)) || auth?.keys !== undefined || tlsCert !== "" ||
    verify.length > 0;
}
