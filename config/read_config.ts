import type { Config } from "./configuration.ts";
import { readSettings } from "./environment.ts";

// Not literal, so that Deno does not read the schema library at every start.
const importConfig = (): Promise<typeof import("./config.ts")> =>
  import(new URL("config.ts", import.meta.url).href);

/**
 * Reads the configuration from environment variables, such as `Deno.env.toObject()`, and from the file that
 * `SKERRY_CONFIG` names. A file, and settings with errors, need the whole schema, which takes a while to load.
 *
 * @throws {StartError} with every problem of the configuration.
 */
export async function readConfig(environment: Record<string, string>): Promise<Config> {
  return readSettings(environment) ?? await (await importConfig()).loadConfig(environment);
}
