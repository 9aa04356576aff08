/**
 * A registry with a configuration file, for tests that change the file while it runs.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { freePort } from "../harness/ports.ts";
import { type RegistryProcess, startRegistry } from "../harness/registry_process.ts";
import { basic } from "../harness/secured.ts";
import { until } from "./run_main.ts";

/** Message of the log line after a reload. */
export const RELOADED = "Configuration reloaded";

/** Message of the log line after a reload that was refused. */
export const REFUSED = "Cannot reload the configuration: the previous one stays in use";

/** Line of the log. */
export type LogLine = Readonly<Record<string, unknown>>;

/** A running registry and its configuration file. */
export interface Configured extends AsyncDisposable {
  readonly registry: RegistryProcess;
  /** Path of the file. */
  readonly path: string;
  /** Lines of the log with this message. */
  lines(message: string): LogLine[];
  /** Writes the file, and waits for a line with this message. */
  change(settings: unknown, message?: string): Promise<LogLine>;
  /** Waits for the line with this message that follows the action. */
  after(message: string, action: () => unknown): Promise<LogLine>;
  /** Status of a request with the name as user name, and `<name>'s password`. */
  statusOf(path: string, name?: string, init?: RequestInit): Promise<number>;
}

/** Options of {@linkcode startConfigured}. */
export interface ConfiguredOptions {
  /** Content of the file by the URL of the registry. */
  settings: (url: string) => unknown;
  /** Writes the file the first time and each other time; by default in place. */
  write?: (path: string, text: string) => Promise<void>;
  env?: Record<string, string>;
}

/** Starts it, and waits until it watches its file. */
export async function startConfigured({ settings, write = Deno.writeTextFile, env }: ConfiguredOptions) {
  const folder = await Deno.makeTempDir({ prefix: "skerry-" });
  const path = `${folder}/skerry.yaml`;
  const port = freePort();
  await write(path, JSON.stringify(settings(`http://127.0.0.1:${port}`)));
  const registry = await startRegistry({
    port,
    env: { SKERRY_CONFIG: path, SKERRY_LOG: "json", ...env },
  });

  function lines(message: string): LogLine[] {
    return registry.log().split("\n").filter((line) => line.includes(message)).map((line) => JSON.parse(line))
      .filter((line) => line.message === message);
  }

  async function after(message: string, action: () => unknown): Promise<LogLine> {
    const { length } = lines(message);
    await action();
    await until(() => lines(message).length > length);
    return lines(message)[length]!;
  }

  const configured: Configured = {
    registry,
    path,
    lines,
    after,
    change: (settings, message = RELOADED) => after(message, () => write(path, JSON.stringify(settings))),
    async statusOf(path, name, init = {}) {
      const headers = new Headers(init.headers);
      if (name !== undefined) {
        headers.set("Authorization", basic({ username: name, password: `${name}'s password` }));
      }
      headers.set("Connection", "close");
      const response = await fetch(new URL(path, registry.url), { ...init, headers });
      await response.body?.cancel();
      return response.status;
    },
    async [Symbol.asyncDispose]() {
      await registry[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
  assertEquals(await configured.statusOf("/readyz"), 200);
  // A reload on a signal begins when the file is watched.
  await after(RELOADED, () => Deno.kill(registry.pid, "SIGHUP"));
  return configured;
}
