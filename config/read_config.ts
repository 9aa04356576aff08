import type { Config } from "./configuration.ts";
import { readSettings } from "./environment.ts";
import { SETTINGS } from "./settings.ts";

// Not literal, so that Deno does not read the schema library at every start. The schema of `auth` takes less time to build
// than that of all settings.
const importAccessConfig = (): Promise<typeof import("./access_config.ts")> =>
  import(new URL("access_config.ts", import.meta.url).href);
const importConfig = (): Promise<typeof import("./config.ts")> =>
  import(new URL("config.ts", import.meta.url).href);

/**
 * Reads the configuration from environment variables, such as `Deno.env.toObject()`, and from the file that
 * `SKERRY_CONFIG` names. A file, and settings with errors, need the whole schema, which takes a while to load.
 *
 * @throws {StartError} with every problem of the configuration.
 */
export async function readConfig(environment: Record<string, string>): Promise<Config> {
  return readSettings(environment) ?? await readWithAccess(environment) ??
    await (await importConfig()).loadConfig(environment);
}

/** Configuration from variables, one of which is `auth`; `undefined` if something else is needed or a value is invalid. */
async function readWithAccess(environment: Record<string, string>): Promise<Config | undefined> {
  const { [SETTINGS.auth.variable]: text, ...others } = environment;
  const config = text === undefined ? undefined : readSettings(others);
  if (config === undefined) return undefined;
  const { data } = await (await importAccessConfig()).readAccess(text);
  return data && { ...config, auth: data };
}
