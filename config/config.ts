import * as z from "zod/mini";
import { isKeyText } from "../auth/interface.ts";
import { isPemText } from "./aws_options.ts";
import { conflictsOf } from "./conflicts.ts";
import { deliverySchema } from "./delivery_config.ts";
import { publicConflicts, publicSchema } from "./public_config.ts";
import { replicasSchema } from "./replicas_config.ts";
import { retentionSchema } from "./retention_config.ts";
import { webhooksSchema } from "./webhooks_config.ts";
import type { AccessConfig, Config, PublicConfig } from "./configuration.ts";
import { FILE_VARIABLE, type Given, givenBy, unknownVariables, withPlatform } from "./environment.ts";
import { type Setting, SETTINGS } from "./settings.ts";
import { ofKind } from "./schema_parts.ts";
import { StartError } from "./start_error.ts";
import type { VerifyRule } from "../trust/interface.ts";
import { parseText } from "./config_text.ts";

export { parseText } from "./config_text.ts";

/** Parts of a setting that its documentation shows. */
export type SettingDoc = Pick<Setting<unknown>, "variable" | "type" | "fallback" | "description">;

/** The documentation of each setting of {@linkcode schema}, by the setting's own schema. */
export const settingDocs: z.core.$ZodRegistry<SettingDoc> = z.registry<SettingDoc>();

/** The schema of a setting that is a single value. */
function settingSchema<T>(setting: Setting<T>) {
  return z.prefault(ofKind(setting), setting.fallback).register(settingDocs, setting);
}

/** Settings whose values are plain texts. */
type Shape = {
  [
    Key in Exclude<
      keyof Config,
      "auth" | "deliveryRules" | "public" | "readReplicas" | "retention" | "verify" | "webhooks"
    >
  ]: ReturnType<
    typeof settingSchema<Config[Key]>
  >;
};

/** The whole configuration except `auth` and `verify`, which have separate schemas that most processes need not load. */
export const schema = z.strictObject({
  ...Object.fromEntries(
    Object.entries<Setting<unknown>>(SETTINGS).map(([key, setting]) => [key, settingSchema(setting)]),
  ) as Shape,
  auth: z.exactOptional(z.custom<AccessConfig>()).register(settingDocs, SETTINGS.auth),
  public: z.exactOptional(publicSchema).register(settingDocs, SETTINGS.public),
  deliveryRules: z.prefault(deliverySchema, SETTINGS.deliveryRules.fallback).register(
    settingDocs,
    SETTINGS.deliveryRules,
  ),
  readReplicas: z.prefault(replicasSchema, SETTINGS.readReplicas.fallback).register(
    settingDocs,
    SETTINGS.readReplicas,
  ),
  webhooks: z.prefault(webhooksSchema, SETTINGS.webhooks.fallback).register(settingDocs, SETTINGS.webhooks),
  retention: z.prefault(retentionSchema, SETTINGS.retention.fallback).register(
    settingDocs,
    SETTINGS.retention,
  ),
  verify: z._default(z.custom<VerifyRule[]>(), []).register(settingDocs, SETTINGS.verify),
}).check(z.superRefine((config, context) => {
  for (const { key, reason } of conflictsOf(config)) {
    context.addIssue({ code: "custom", path: [key], message: reason });
  }
}));

/** A configuration that can't be used. */
export class ConfigError extends StartError {
  /** Name of the class, for logs. */
  override readonly name = "ConfigError";
  /** All problems, each with its place and reason. */
  readonly problems: string[];

  /** The error for these problems. */
  constructor(problems: string[]) {
    super(`Cannot use the configuration:\n${problems.map((problem) => `  ${problem}`).join("\n")}`);
    this.problems = problems;
  }
}

/** A setting as it is written, and its source. */
export interface EffectiveSetting {
  /** Its key in the file. */
  key: string;
  /** The value as it is written. */
  value: unknown;
  /** The variable or the path of the file; absent for a default. */
  source?: string;
}

/**
 * Configuration from the environment and from the file that it names. The environment wins; an empty variable
 * counts as none. Paths in the file are relative to the folder of the file.
 *
 * @throws {ConfigError} with everything that is wrong.
 */
export async function loadConfig(environment: Record<string, string>): Promise<Config> {
  return (await explainConfig(environment)).config;
}

/**
 * Loads the configuration like {@linkcode loadConfig}, with the source of each setting.
 *
 * @throws {ConfigError} with all problems.
 */
export async function explainConfig(
  environment: Record<string, string>,
): Promise<{ config: Config; settings: EffectiveSetting[] }> {
  const path = environment[FILE_VARIABLE] || undefined;
  const file: Given = path === undefined ? {} : await readConfigFile(path);
  const variables: Given = givenBy(environment);
  const given = withPlatform(environment, { ...file, ...variables });
  const isFromFile = (key: keyof Config) => Object.hasOwn(file, key) && !Object.hasOwn(variables, key);
  for (const key of ["data", "purgeTokenFile", "redirectKey", "tlsCert", "tlsKey"] as const) {
    const value = given[key];
    const isPath = typeof value === "string" && value !== "" && !isPemText(value);
    if (path !== undefined && isFromFile(key) && isPath) given[key] = await besideFile(path, value);
  }

  const problems = unknownVariables(environment).map((name) => `${name}: No such setting`);
  const { auth, verify, ...others } = given;
  const result = schema.safeParse(others);
  const access = auth === undefined ? undefined : await readAuth(auth);
  const trust = verify === undefined
    ? undefined
    : await readVerify(verify, async (source) =>
      path !== undefined && isFromFile("verify") ? await besideFile(path, source) : source);
  const conflicts = conflictsBetween(result.data?.public, access?.data);
  for (
    const issue of [
      ...result.error?.issues ?? [],
      ...access?.issues ?? [],
      ...trust?.issues ?? [],
      ...conflicts,
    ]
  ) {
    const isUnknown = issue.code === "unrecognized_keys";
    const places = isUnknown ? issue.keys.map((key) => [...issue.path, key]) : [issue.path];
    for (const place of places) {
      const key = String(place[0]);
      const variable = Object.hasOwn(variables, key) || path === undefined;
      const source = variable ? SETTINGS[key as keyof Config].variable : path;
      problems.push(`${formatPlace(place)} (${source}): ${isUnknown ? "No such setting" : issue.message}`);
    }
  }
  if (path !== undefined && isFromFile("data") && result.data?.storage === "folder") {
    const problem = await movedData(file.data as string, result.data.data);
    if (problem !== undefined) problems.push(`data (${path}): ${problem}`);
  }
  if (!result.success || problems.length > 0) throw new ConfigError(problems);
  const settings = settingsOf(given, variables, path);
  const config: Config = { ...result.data, ...(trust?.data && { verify: trust.data }) };
  if (access?.data === undefined) return { config, settings };
  const accessData = path !== undefined && isFromFile("auth")
    ? await withPathsBeside(path, access.data)
    : access.data;
  return { config: { ...config, auth: accessData }, settings };
}

/** Every setting with its source. */
function settingsOf(given: Given, variables: Given, path: string | undefined): EffectiveSetting[] {
  return Object.entries(SETTINGS).map(([key, { variable, fallback }]) => {
    if (Object.hasOwn(variables, key)) return { key, value: given[key], source: variable };
    if (!Object.hasOwn(given, key)) return { key, value: fallback };
    return { key, value: given[key], source: path ?? "DENO_DEPLOY" };
  });
}

// The first module of Node takes 12 ms to load, and a configuration in variables has no path to join.
const importPath = () => import("node:path");

/** A path in the configuration file, which is relative to the folder of the file: the registry may start anywhere. */
async function besideFile(file: string, path: string): Promise<string> {
  const { dirname, isAbsolute, join } = await importPath();
  return isAbsolute(path) ? path : join(dirname(file), path);
}

/**
 * The reason to refuse the data folder: the registry is at `written` from the working directory, as an earlier release
 * read it, and `data` has none. An empty registry would start there instead. `undefined` if nothing is wrong.
 */
async function movedData(written: string, data: string): Promise<string | undefined> {
  if (await hasRegistry(data) || !await hasRegistry(written)) return undefined;
  const { resolve } = await importPath();
  // A registry that is just starting may make the folder between two looks at it.
  if (resolve(data) === resolve(written)) return undefined;
  return `Cannot use "${resolve(data)}": it has no registry, but "${resolve(written)}" has one. ` +
    "A path in the file is relative to the file, no longer to the working directory: write the full path";
}

/** True if the data folder has a registry; false if this process may not look. */
async function hasRegistry(data: string): Promise<boolean> {
  const { join } = await importPath();
  try {
    return (await Deno.stat(join(data, "table.sqlite"))).isFile;
  } catch {
    return false;
  }
}

/** `auth` of the configuration file, with the path of the file, and its own paths relative to the folder of the file. */
async function withPathsBeside(file: string, auth: AccessConfig): Promise<AccessConfig> {
  const { htpasswd, keys, external } = auth;
  return {
    ...auth,
    file,
    ...(htpasswd !== undefined && { htpasswd: await besideFile(file, htpasswd) }),
    ...(keys !== undefined && { keys: isKeyText(keys) ? keys : await besideFile(file, keys) }),
    ...(external !== undefined && {
      external: { ...external, keys: await besideFile(file, external.keys) },
    }),
  };
}

/** Value of `auth`, or its problems. */
async function readAuth(given: unknown): Promise<{ data?: AccessConfig; issues: z.core.$ZodIssue[] }> {
  const { readAccess } = await import("./access_config.ts");
  const { data, issues } = await readAccess(given);
  const placed = issues.map((issue) => ({ ...issue, path: ["auth", ...issue.path] }));
  return data === undefined ? { issues: placed } : { data, issues: [] };
}

/** Rules of `verify` with paths changed by `change`, or its problems. */
async function readVerify(
  given: unknown,
  change: (path: string) => Promise<string>,
): Promise<{ data?: VerifyRule[]; issues: z.core.$ZodIssue[] }> {
  const { verifySchema, withPaths } = await import("./verify_config.ts");
  const { data, error } = verifySchema.safeParse(given);
  if (error) return { issues: error.issues.map((issue) => ({ ...issue, path: ["verify", ...issue.path] })) };
  return { data: await withPaths(data, change), issues: [] };
}

/** Contradictions between `public` and `auth`; none if one of them is absent or invalid. */
function conflictsBetween(face: PublicConfig | undefined, auth: AccessConfig | undefined) {
  if (face === undefined || auth === undefined) return [];
  return publicConflicts(face, auth).map(({ path, message }) => ({
    code: "custom" as const,
    path: ["public", ...path],
    message,
  }));
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
  const parsed = await parseText(content);
  if ("problems" in parsed) {
    throw new ConfigError(
      parsed.problems.map(({ line, column, message }) => `${path}:${line}:${column}: ${message}`),
    );
  }
  const settings = parsed.value ?? {};
  if (typeof settings === "object" && !Array.isArray(settings)) return settings as Given;
  throw new ConfigError([`${path}: Expected a map of settings`]);
}
export type { YamlProblem } from "./yaml_text.ts";
