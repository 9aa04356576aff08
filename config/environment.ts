import type { Config } from "./configuration.ts";
import { conflictsOf } from "./conflicts.ts";
import { SETTINGS } from "./settings.ts";

/** The variable that names the configuration file. */
export const FILE_VARIABLE = "SKERRY_CONFIG";

/** Settings as they are written, by their keys. */
export type Given = Record<string, unknown>;

/** Settings from the environment. An empty variable counts as not set. */
export function givenBy(environment: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(SETTINGS)
      .map(([key, { variable }]) => [key, environment[variable] ?? ""] as const)
      .filter(([, text]) => text !== ""),
  );
}

/**
 * On Deno Deploy a folder is lost with the process, so it must be requested explicitly, and the platform connects from
 * outside.
 */
export function withPlatform<G extends Given>(environment: Record<string, string>, given: G): G {
  if (environment.DENO_DEPLOY === undefined) return given;
  return {
    host: "0.0.0.0",
    ...(given.data === undefined && { storage: "memory" }),
    ...given,
    ...(given.workers !== undefined && { workers: "1" }),
  };
}

/**
 * Variables that Kubernetes sets in every container next to a service whose name begins with "skerry"
 * ("SKERRY_SERVICE_HOST", "SKERRY_PORT=tcp://10.0.0.1:80", "SKERRY_PORT_80_TCP_ADDR", ...). They are not settings.
 */
const SERVICE_LINK = /^SKERRY_(.+_)?(SERVICE_HOST|SERVICE_PORT(_.+)?|PORT_\d+_(TCP|UDP|SCTP)(_.+)?)$/;
const SERVICE_PORT = /^(tcp|udp|sctp):\/\//;

/**
 * Unknown variables that look like settings. A misspelt one could leave access open that the operator meant to close.
 */
export function unknownVariables(environment: Record<string, string>): string[] {
  const known = new Set([FILE_VARIABLE, ...Object.values(SETTINGS).map(({ variable }) => variable)]);
  return Object.keys(environment)
    .filter((name) => name.startsWith("SKERRY_") && !known.has(name))
    .filter((name) => !SERVICE_LINK.test(name) && !SERVICE_PORT.test(environment[name]!));
}

/**
 * Configuration from the environment alone; `undefined` if something else is needed or a value is invalid. Most
 * processes start with it, without loading config.ts: zod takes longer to load than everything else before the first
 * answer.
 */
export function readSettings(environment: Record<string, string>): Config | undefined {
  if (environment[FILE_VARIABLE] || unknownVariables(environment).length > 0) return undefined;
  const given = withPlatform(environment, givenBy(environment));
  const values = Object.entries(SETTINGS)
    .filter(([key]) => (key !== "auth" && key !== "public") || given[key] !== undefined)
    .map(([key, { read, fallback }]) => [key, read(given[key] ?? fallback)]);
  if (values.some(([, value]) => value === undefined)) return undefined;
  const config = Object.fromEntries(values) as Config;
  return conflictsOf(config).length === 0 ? config : undefined;
}
