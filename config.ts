import * as z from "zod/mini";
import { duration, type Kind, oneOf, port, size, text, toggle } from "./config_values.ts";

/** What the documentation says of a setting. */
export interface SettingDoc {
  /** The variable of the environment. */
  variable: string;
  /** What kind of value it takes. */
  type: string;
  /** The value where none is given, as it would be written. */
  fallback: string;
  description: string;
}

/** The documentation of each setting of {@linkcode schema}, by the setting's own schema. */
export const settingDocs: z.core.$ZodRegistry<SettingDoc> = z.registry<SettingDoc>();

function setting<T>({ schema, type }: Kind<T>, variable: string, fallback: string, description: string) {
  return z.prefault(schema, fallback).register(settingDocs, { variable, type, fallback, description });
}

/** The whole configuration: every setting by the key that it has in the file. */
export const schema = z.strictObject({
  port: setting(port, "PORT", "8000", "The TCP port to listen on; 0 takes a free one."),
  host: setting(text, "HOST", "127.0.0.1", "The address to listen on; `0.0.0.0` or `::` is every one."),
  storage: setting(
    oneOf("folder", "memory"),
    "SKERRY_STORAGE",
    "folder",
    "Where content lives: in the data folder, or in memory, where it ends with the process. " +
      "On Deno Deploy, where a folder would not last either, the default is `memory` unless `SKERRY_DATA` is set.",
  ),
  data: setting(text, "SKERRY_DATA", "./data", "The data folder; it is made where it does not exist."),
  readOnly: setting(toggle, "SKERRY_READ_ONLY", "off", "Refuses every push and every delete with 405."),
  deleteTags: setting(toggle, "SKERRY_DELETE_TAGS", "on", "Whether a tag may be deleted; 405 where not."),
  deleteManifests: setting(
    toggle,
    "SKERRY_DELETE_MANIFESTS",
    "on",
    "Whether a manifest may be deleted by its digest; 405 where not.",
  ),
  deleteBlobs: setting(toggle, "SKERRY_DELETE_BLOBS", "on", "Whether a blob may be deleted; 405 where not."),
  references: setting(
    oneOf("strict", "sparse"),
    "SKERRY_REFERENCES",
    "strict",
    "`strict` refuses a manifest whose blobs or child manifests are not in the repository; `sparse` takes it. " +
      "A `subject` need never be there.",
  ),
  maxManifestSize: setting(
    size("64KiB", "64MiB"),
    "SKERRY_MAX_MANIFEST_SIZE",
    "4MiB",
    "Largest manifest, inclusive; 413 above. Many clients read no more than 4 MiB.",
  ),
  maxBlobSize: setting(
    size("1B", "5TiB"),
    "SKERRY_MAX_BLOB_SIZE",
    "5TiB",
    "Largest blob, inclusive; 413 above.",
  ),
  uploadExpiry: setting(
    duration("1s"),
    "SKERRY_UPLOAD_EXPIRY",
    "24h",
    "How long an upload that nobody continues is kept.",
  ),
  uploadIdleTimeout: setting(
    duration("1s"),
    "SKERRY_UPLOAD_IDLE_TIMEOUT",
    "60s",
    "How long a request body may bring nothing before the request is given up. What arrived is kept.",
  ),
  sweepInterval: setting(
    duration("0"),
    "SKERRY_SWEEP_INTERVAL",
    "15m",
    "How often expired uploads are looked for and removed; 0 never looks.",
  ),
  grace: setting(
    duration("1s"),
    "SKERRY_GRACE",
    "1h",
    "How old what nothing refers to must be before it may be removed. All processes must agree on it.",
  ),
  deadline: setting(
    duration("1ms"),
    "SKERRY_DEADLINE",
    "1m",
    "How long one request may go on writing after its body has come; at most a quarter of `SKERRY_GRACE`, which is what makes a request " +
      "that stalled harmless.",
  ),
  cacheAge: setting(
    duration("0"),
    "SKERRY_CACHE_AGE",
    "5s",
    "How long this process may answer from memory that a manifest or blob is there after another process deleted it; " +
      "at most a quarter of `SKERRY_GRACE`. Tags are always read. 0 remembers nothing.",
  ),
  log: setting(
    oneOf("auto", "json", "text", "off"),
    "SKERRY_LOG",
    "auto",
    "The log on standard output: one JSON object a line, a readable line, or none. `auto` is `text` on a terminal " +
      "and `json` elsewhere.",
  ),
}).check(z.superRefine((config, context) => {
  for (const name of ["deadline", "cacheAge"] as const) {
    if (config[name] * 4 <= config.grace) continue;
    context.addIssue({ code: "custom", path: [name], message: 'Must be at most a quarter of "grace"' });
  }
}));

/** The configuration of a process: sizes in bytes, time spans in milliseconds. */
export type Config = z.infer<typeof schema>;

/** The variable that names the configuration file. */
export const FILE_VARIABLE = "SKERRY_CONFIG";

/** A configuration that can't be used. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  /** All that is wrong, each with where it stands and why. */
  readonly problems: string[];

  /** The error for these problems. */
  constructor(problems: string[]) {
    super(`Cannot use the configuration:\n${problems.map((problem) => `  ${problem}`).join("\n")}`);
    this.problems = problems;
  }
}

/**
 * The configuration that the environment and the file that it names give. The environment wins; an empty variable
 * counts as none.
 *
 * @throws {ConfigError} with everything that is wrong.
 */
export async function loadConfig(environment: Record<string, string>): Promise<Config> {
  const path = environment[FILE_VARIABLE] || undefined;
  const file = path === undefined ? {} : await readConfigFile(path);
  const settings = new Map(
    Object.entries(schema.shape).map(([key, field]) => {
      return [key, settingDocs.get(field)!.variable];
    }),
  );
  const variables: Record<string, string> = {};
  for (const [key, variable] of settings) {
    if (environment[variable]) variables[key] = environment[variable];
  }
  const given: Record<string, unknown> = { ...file, ...variables };
  if (environment.DENO_DEPLOY !== undefined && given.data === undefined) given.storage ??= "memory";

  const problems = unknownVariables(environment, [...settings.values(), FILE_VARIABLE]);
  const result = schema.safeParse(given);
  for (const issue of result.error?.issues ?? []) {
    const keys = issue.code === "unrecognized_keys" ? issue.keys : [String(issue.path[0])];
    for (const key of keys) {
      const source = Object.hasOwn(variables, key) || path === undefined ? settings.get(key) : path;
      const reason = issue.code === "unrecognized_keys" ? "No such setting" : issue.message;
      problems.push(`${key} (${source}): ${reason}`);
    }
  }
  if (result.success && problems.length === 0) return result.data;
  throw new ConfigError(problems);
}

/** The settings of a YAML or JSON file (JSON is YAML). */
async function readConfigFile(path: string): Promise<Record<string, unknown>> {
  let content: string;
  try {
    content = await Deno.readTextFile(path);
  } catch (error) {
    const reason = (error as Error).message.replace(/ \(os error.*$/s, "");
    throw new ConfigError([`${FILE_VARIABLE}: Cannot read "${path}": ${reason}`]);
  }
  const { LineCounter, parseDocument } = await import("yaml"); // Few need it, and everybody would wait for it at the start.
  const lines = new LineCounter();
  const document = parseDocument(content, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    throw new ConfigError(document.errors.map(({ pos, message }) => {
      const { line, col } = lines.linePos(pos[0]);
      return `${path}:${line}:${col}: ${message}`;
    }));
  }
  const settings: unknown = document.toJS() ?? {};
  if (typeof settings === "object" && !Array.isArray(settings)) return settings as Record<string, unknown>;
  throw new ConfigError([`${path}: Expected a map of settings`]);
}

/**
 * What Kubernetes sets in every container beside a service whose name begins with "skerry" ("SKERRY_SERVICE_HOST",
 * "SKERRY_PORT=tcp://10.0.0.1:80", "SKERRY_PORT_80_TCP_ADDR", ...), and nobody means as a setting.
 */
const SERVICE_LINK = /^SKERRY_(.+_)?(SERVICE_HOST|SERVICE_PORT(_.+)?|PORT_\d+_(TCP|UDP|SCTP)(_.+)?)$/;
const SERVICE_PORT = /^(tcp|udp|sctp):\/\//;

/** A misspelt switch that is silently ignored could leave open what somebody meant to close. */
function unknownVariables(environment: Record<string, string>, known: string[]): string[] {
  return Object.keys(environment)
    .filter((name) => name.startsWith("SKERRY_") && !known.includes(name))
    .filter((name) => !SERVICE_LINK.test(name) && !SERVICE_PORT.test(environment[name]!))
    .map((name) => `${name}: No such setting`);
}
