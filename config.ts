import * as z from "zod/mini";
import { retentionSchema } from "./retention_config.ts";
import {
  type Config,
  conflictsOf,
  FILE_VARIABLE,
  type Given,
  givenBy,
  type Setting,
  SETTINGS,
  unknownVariables,
  withPlatform,
} from "./settings.ts";
import { StartError } from "./start_error.ts";

/** What the documentation says of a setting. */
export type SettingDoc = Pick<Setting<unknown>, "variable" | "type" | "fallback" | "description">;

/** The documentation of each setting of {@linkcode schema}, by the setting's own schema. */
export const settingDocs: z.core.$ZodRegistry<SettingDoc> = z.registry<SettingDoc>();

/** A setting as the environment (always text) or the file (text, a number, true or false) gives it. */
function settingSchema<T>(setting: Setting<T>) {
  const { read, expected, fallback } = setting;
  const value = z.pipe(
    z.unknown(),
    z.transform((input, context): T => {
      // The text of a list or a map could pass for a value.
      const value = typeof input === "object" ? undefined : read(String(input));
      if (value !== undefined) return value;
      const message = `Expected ${expected}, got ${clip(JSON.stringify(input) ?? "nothing")}`;
      context.issues.push({ code: "custom", message, input });
      return z.NEVER;
    }),
  );
  return z.prefault(value, fallback).register(settingDocs, setting);
}

function clip(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}

/** All settings but the one that is more than a text. */
type Shape = { [Key in Exclude<keyof Config, "retention">]: ReturnType<typeof settingSchema<Config[Key]>> };

/** The whole configuration. */
export const schema = z.strictObject({
  ...Object.fromEntries(
    Object.entries<Setting<unknown>>(SETTINGS).map(([key, setting]) => [key, settingSchema(setting)]),
  ) as Shape,
  retention: z.prefault(retentionSchema, SETTINGS.retention.fallback).register(
    settingDocs,
    SETTINGS.retention,
  ),
}).check(z.superRefine((config, context) => {
  for (const { key, reason } of conflictsOf(config)) {
    context.addIssue({ code: "custom", path: [key], message: reason });
  }
}));

/** A configuration that can't be used. */
export class ConfigError extends StartError {
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
  const variables = givenBy(environment);
  const given = withPlatform(environment, { ...file, ...variables });

  const problems = unknownVariables(environment).map((name) => `${name}: No such setting`);
  const result = schema.safeParse(given);
  for (const issue of result.error?.issues ?? []) {
    const isUnknown = issue.code === "unrecognized_keys";
    const places = isUnknown ? issue.keys.map((key) => [...issue.path, key]) : [issue.path];
    for (const place of places) {
      const key = String(place[0]);
      const variable = Object.hasOwn(variables, key) || path === undefined;
      const source = variable ? SETTINGS[key as keyof Config].variable : path;
      problems.push(`${formatPlace(place)} (${source}): ${isUnknown ? "No such setting" : issue.message}`);
    }
  }
  if (result.success && problems.length === 0) return result.data;
  throw new ConfigError(problems);
}

/** A place in the configuration, such as `retention[0].keepTags`. */
function formatPlace(place: PropertyKey[]): string {
  const parts = place.map((part) => typeof part === "number" ? `[${part}]` : `.${String(part)}`);
  return parts.join("").slice(1);
}

/** The settings of a YAML or JSON file (JSON is YAML). */
async function readConfigFile(path: string): Promise<Given> {
  let content: string;
  try {
    content = await Deno.readTextFile(path);
  } catch (error) {
    const reason = (error as Error).message.replace(/ \(os error.*$/s, "");
    throw new ConfigError([`${FILE_VARIABLE}: Cannot read "${path}": ${reason}`]);
  }
  const { LineCounter, parseDocument } = await import("yaml"); // few need it
  const lines = new LineCounter();
  const document = parseDocument(content, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    throw new ConfigError(document.errors.map(({ pos, message }) => {
      const { line, col } = lines.linePos(pos[0]);
      return `${path}:${line}:${col}: ${message}`;
    }));
  }
  const settings: unknown = document.toJS() ?? {};
  if (typeof settings === "object" && !Array.isArray(settings)) return settings as Given;
  throw new ConfigError([`${path}: Expected a map of settings`]);
}
