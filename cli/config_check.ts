import { stringify } from "yaml";
import { type AuthConfig, isKeyText } from "../auth/interface.ts";
import { type EffectiveSetting, explainConfig, parseText } from "../config/config.ts";
import { createLog } from "../process/mod.ts";
import { openAccess } from "../process/open/open_access.ts";
import { type Config, isPemText, type ReadReplica, risksOf } from "../config/mod.ts";
import { MemoryTable } from "../storage/mod.ts";

/** Columns of a setting, before the comment that names its source. */
const WIDTH_COLUMNS = 40;

/** Settings that are lists or maps. */
const STRUCTURED: ReadonlySet<string> = new Set<keyof Config>([
  "auth",
  "deliveryRules",
  "public",
  "readReplicas",
  "retention",
  "webhooks",
  "verify",
]);

/**
 * `skerry config check`: checks the environment, the configuration file and the files of users and keys, and prints all
 * settings as a configuration file without secrets. Warnings go to standard error.
 *
 * @returns The exit code.
 * @throws {StartError} that lists every problem.
 */
export async function configCheck(
  print: (text: string) => void,
  environment: Record<string, string> = Deno.env.toObject(),
  warn: (text: string) => void = (text) => console.error(`warning: ${text}`),
): Promise<number> {
  const { config, settings } = await explainConfig(environment);
  for (const risk of risksOf(config)) warn(risk);
  if (config.auth !== undefined) await checkAccess(config.auth, config, warn);
  await checkTrust(config);
  for (const setting of settings) print(await linesOf(setting));
  return 0;
}

/** Opens the files of users and keys like the process does at its start. */
async function checkAccess(auth: AuthConfig, config: Config, warn: (text: string) => void): Promise<void> {
  const log = { ...createLog({ format: "off" }), warn };
  const access = await openAccess(auth, { table: new MemoryTable(), log, readOnly: config.readOnly });
  access.close();
}

/** Reads the files of `verify` like the process does at its start. */
async function checkTrust({ verify }: Config): Promise<void> {
  if (verify.length === 0) return;
  const { openTrust } = await import("../process/open/open_trust.ts");
  await openTrust(verify);
}

async function linesOf({ key, value, source = "default" }: EffectiveSetting): Promise<string> {
  if (!STRUCTURED.has(key)) {
    const shown = isSecret(key, String(value)) ? "(secret)" : value;
    return `${yaml({ [key]: shown }).padEnd(WIDTH_COLUMNS)} # ${source}`;
  }
  if (value === "") return `# ${key} is not set`;
  // Environment variables hold them as text.
  const parsed = typeof value === "string" ? await parseText(value) : { value };
  const written = "value" in parsed ? parsed.value : undefined;
  return `# ${source}\n${yaml({ [key]: SECRETS_OUT[key]?.(written) ?? written })}`;
}

/** True for the value of a setting that must not be printed. */
function isSecret(key: string, value: string): boolean {
  return key === "redirectKey" && isPemText(value) || key === "purgeToken" && value !== "";
}

/** A webhook without secrets; its URL may have one in the query. */
function withoutWebhookSecrets(webhook: { secrets?: unknown[]; url?: unknown }): unknown {
  const { secrets, url } = webhook;
  return {
    ...webhook,
    ...(typeof url === "string" && { url: url.replace(/\?.*/, "?(secret)") }),
    ...(Array.isArray(secrets) && { secrets: secrets.map(() => "(secret)") }),
  };
}

/** Settings with secrets, each with what removes them. */
const SECRETS_OUT: Record<string, (written: unknown) => unknown> = {
  auth: withoutSecrets,
  webhooks: (webhooks) =>
    (webhooks as Parameters<typeof withoutWebhookSecrets>[0][]).map(withoutWebhookSecrets),
  readReplicas: (replicas) =>
    (replicas as ReadReplica[]).map((replica) =>
      replica.secretAccessKey === undefined ? replica : { ...replica, secretAccessKey: "(secret)" }
    ),
};

function yaml(settings: Record<string, unknown>): string {
  return stringify(settings, { lineWidth: 0 }).trimEnd();
}

/** `auth` as configured, with placeholders for password hashes and private keys. */
function withoutSecrets(auth: unknown): Record<string, unknown> {
  const { users, keys, ...rest } = auth as { users?: Record<string, string>; keys?: string };
  return {
    ...rest,
    ...(users !== undefined &&
      { users: Object.fromEntries(Object.keys(users).map((name) => [name, "(hash)"])) }),
    ...(keys !== undefined && { keys: isKeyText(keys) ? "(secret)" : keys }),
  };
}
