import type { AuthConfig } from "../auth/interface.ts";
// Not by mod.ts, which loads the whole registry before the first answer.
import { skewOf } from "../registry/interface.ts";
import {
  accessMap,
  duration,
  endpoint,
  keyPrefix,
  type Kind,
  oneOf,
  optional,
  port,
  retentionRules,
  size,
  text,
  toggle,
} from "./setting_kinds.ts";

/** A setting: where it comes from, what it takes, and what it is for. */
export interface Setting<T> extends Kind<T> {
  /** The variable of the environment. */
  variable: string;
  /** The value where none is given, as it would be written. */
  fallback: string;
  /** Description in Markdown. */
  description: string;
}

function setting<T>(kind: Kind<T>, variable: string, fallback: string, description: string): Setting<T> {
  return { ...kind, variable, fallback, description };
}

/** Every setting, by the key that it has in the file. */
export const SETTINGS = {
  port: setting(port, "PORT", "8000", "The TCP port to listen on; 0 takes a free one."),
  host: setting(
    text,
    "HOST",
    "127.0.0.1",
    "The address to listen on; `0.0.0.0` or `::` is every one, the default on Deno Deploy.",
  ),
  storage: setting(
    oneOf("folder", "memory", "aws"),
    "SKERRY_STORAGE",
    "folder",
    "Where content lives: in the data folder; in memory, where it ends with the process; or, with `aws`, in a bucket " +
      "of S3 and a table of DynamoDB (or what speaks like them), which any number of processes share: see " +
      "[AWS](aws.md). On Deno Deploy, where a folder would not last either, the default is `memory` unless `SKERRY_DATA` is set.",
  ),
  data: setting(text, "SKERRY_DATA", "./data", "The data folder; it is made where it does not exist."),
  s3Bucket: setting(
    optional(text),
    "SKERRY_S3_BUCKET",
    "",
    "The bucket, which must be there: `skerry provision` makes it. Required with `aws`.",
  ),
  s3Prefix: setting(
    optional(keyPrefix),
    "SKERRY_S3_PREFIX",
    "",
    "The folder in the bucket that everything is kept in, for a bucket that has other content as well.",
  ),
  s3PathStyle: setting(
    toggle,
    "SKERRY_S3_PATH_STYLE",
    "off",
    "Whether the bucket is named in the path of a URL and not in its host, which most stores but S3 itself want.",
  ),
  s3PartSize: setting(
    size("5MiB", "5GiB"),
    "SKERRY_S3_PART_SIZE",
    "16MiB",
    "Size of the parts that a large blob is stored in. A blob has 10,000 of them at most, which is 156 GiB at the " +
      "default, and a push takes the memory of several. All processes must agree on it; uploads that were begun " +
      "with another one cannot be continued.",
  ),
  s3VerifiesContent: setting(
    oneOf("auto", "on", "off"),
    "SKERRY_S3_VERIFIES_CONTENT",
    "auto",
    "Whether the store refuses an object that is not what `x-amz-content-sha256` says, so that a push of known " +
      "digest need not be hashed here as well. `auto` sends it a wrong one at the start and hashes until the store " +
      "has refused that; `on` trusts it unseen.",
  ),
  dynamodbTable: setting(
    optional(text),
    "SKERRY_DYNAMODB_TABLE",
    "",
    "The table, which must be there: `skerry provision` makes it. Required with `aws`.",
  ),
  awsRegion: setting(
    optional(text),
    "AWS_REGION",
    "",
    "The region of the bucket and the table, such as `eu-central-1`. Required with `aws`; a store that has no regions " +
      "mostly takes `us-east-1`. Credentials come from where every AWS SDK looks for them, which is no setting of " +
      "Skerry's.",
  ),
  s3Endpoint: setting(
    optional(endpoint),
    "AWS_ENDPOINT_URL_S3",
    "",
    "Where S3 is, instead of at AWS. Wins over `AWS_ENDPOINT_URL`.",
  ),
  dynamodbEndpoint: setting(
    optional(endpoint),
    "AWS_ENDPOINT_URL_DYNAMODB",
    "",
    "Where DynamoDB is, instead of at AWS. Wins over `AWS_ENDPOINT_URL`.",
  ),
  awsEndpoint: setting(
    optional(endpoint),
    "AWS_ENDPOINT_URL",
    "",
    "Where both of them are, instead of at AWS.",
  ),
  check: setting(
    toggle,
    "SKERRY_CHECK",
    "off",
    "Whether to try at the start what `skerry check` tries, and to end where the bucket or the table can't do what is " +
      "needed. Only with `aws`.",
  ),
  auth: setting(
    accessMap,
    "SKERRY_AUTH",
    "",
    "Who may do what, and how they show who they are: see [access](access.md). Without it the registry is open: " +
      "whoever reaches it may do everything. The variable takes the same as YAML or JSON.",
  ),
  readOnly: setting(
    toggle,
    "SKERRY_READ_ONLY",
    "off",
    "Refuses every push and every delete with 405. Pulls are still " +
      "recorded where a rule of `retention` has `pulledWithin`.",
  ),
  deleteTags: setting(
    toggle,
    "SKERRY_DELETE_TAGS",
    "on",
    "Whether a tag may be deleted; 405 where not. `off` also refuses, with 403, to delete a manifest by its digest " +
      "while a tag points at it.",
  ),
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
    "How long an upload that nobody continues is kept. At least four times `SKERRY_DEADLINE`, and at least 20 minutes " +
      "or half of `SKERRY_GRACE`, whichever is shorter: so its content stays until the last request for it is over, " +
      "however much the clocks of the processes differ.",
  ),
  uploadIdleTimeout: setting(
    duration("1s", "20d"),
    "SKERRY_UPLOAD_IDLE_TIMEOUT",
    "60s",
    "How long a request body may bring nothing before the request is given up. What arrived by PATCH is kept.",
  ),
  sweepInterval: setting(
    duration("0", "20d"),
    "SKERRY_SWEEP_INTERVAL",
    "15m",
    "How often expired uploads are looked for and removed; 0 never looks.",
  ),
  retention: setting(
    retentionRules,
    "SKERRY_RETENTION",
    "",
    "Which tags and untagged manifests stay, by repository: see [retention](retention.md). Without a rule all of them " +
      "do. The variable takes the same as JSON.",
  ),
  retentionInterval: setting(
    duration("0", "20d"),
    "SKERRY_RETENTION_INTERVAL",
    "1h",
    "How often what no rule of `retention` keeps is looked for and removed; 0 never looks. Where there are many " +
      "processes, one of them or `skerry retain` is enough.",
  ),
  collectInterval: setting(
    duration("0", "20d"),
    "SKERRY_COLLECT_INTERVAL",
    "24h",
    "How often a full pass of garbage collection is begun, which looks at every item. What deletes leave is collected " +
      "sooner: it is looked for every five minutes, or four times in this interval where that is more often. 0 collects " +
      "nothing. All processes share the work, each in small steps while it serves.",
  ),
  grace: setting(
    duration("1s"),
    "SKERRY_GRACE",
    "24h",
    "How old what nothing refers to must be before it may be removed: so long has a client from its push of a blob, or " +
      "from asking whether it is there, to its push of the manifest. The clocks of the processes may differ by five " +
      "minutes, or an eighth of it where that is less. All processes must agree on it.",
  ),
  deadline: setting(
    duration("1ms"),
    "SKERRY_DEADLINE",
    "1m",
    "How long one request may go on writing after its body has come; at most a quarter of `SKERRY_GRACE`, " +
      "which is what makes a request that stalled harmless.",
  ),
  cacheAge: setting(
    duration("0"),
    "SKERRY_CACHE_AGE",
    "0",
    "How long a GET may answer from memory without asking the table whether something was deleted since. 0 asks each " +
      "time: every process then answers truly as soon as a delete is acknowledged. Above 0, a manifest or blob that " +
      "another process deleted may be served for so long, which saves one read of the table for each pull: for processes " +
      "far from their table. HEAD and tags ask each time. At most a quarter of `SKERRY_GRACE`.",
  ),
  log: setting(
    oneOf("auto", "json", "text", "off"),
    "SKERRY_LOG",
    "auto",
    "The log on standard output: one JSON object a line, a readable line, or none. `auto` is `text` on a terminal " +
      "and `json` elsewhere.",
  ),
  logProbes: setting(
    toggle,
    "SKERRY_LOG_PROBES",
    "off",
    "Log every health probe (`/livez`, `/readyz`, `/startupz`). By default only a probe that fails has a line.",
  ),
};

/** The configuration of a process: sizes in bytes, time spans in milliseconds. */
export type Config =
  & {
    [Key in Exclude<keyof typeof SETTINGS, "auth">]: (typeof SETTINGS)[Key] extends Setting<infer T> ? T
      : never;
  }
  & {
    /** Absent where the registry is open to all. */
    auth?: AuthConfig;
  };

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
 * On Deno Deploy a folder does not outlive the process, so it has to be asked for, and the platform connects from outside.
 */
export function withPlatform<G extends Given>(environment: Record<string, string>, given: G): G {
  if (environment.DENO_DEPLOY === undefined) return given;
  return { host: "0.0.0.0", ...(given.data === undefined && { storage: "memory" }), ...given };
}

/** Contradictions between settings that are valid on their own. */
export function conflictsOf(config: Config): { key: keyof Config; reason: string }[] {
  const missing = (["s3Bucket", "dynamodbTable", "awsRegion"] as const)
    .filter((key) => config.storage === "aws" && config[key] === "")
    .map((key) => ({ key, reason: 'Must be set where "storage" is "aws"' }));
  const long = (["deadline", "cacheAge"] as const)
    .filter((key) => config[key] * 4 > config.grace)
    .map((key) => ({ key, reason: 'Must be at most a quarter of "grace"' }));
  // The expiry must outlast a request and the difference between clocks, with half of it left: see registry/heal.ts.
  const least = [
    { time: config.deadline, reason: 'Must be at least four times "deadline"' },
    { time: skewOf(config), reason: 'Must be at least 20m, or half of "grace" where that is less' },
  ];
  const brief = least
    .filter(({ time }) => time * 4 > config.uploadExpiry)
    .map(({ reason }) => ({ key: "uploadExpiry" as const, reason }));
  return [...missing, ...long, ...brief];
}

/** True if only this machine can reach the address. */
export function isLocal(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}

/** Warnings about a valid configuration, one sentence each, for the log. */
export function risksOf({ storage, host, auth, readOnly, s3Bucket, dynamodbTable }: Config): string[] {
  const risks = [];
  if (storage !== "aws" && s3Bucket + dynamodbTable !== "") {
    risks.push(`The bucket and the table are not used: the storage is "${storage}"`);
  }
  if (storage === "memory") risks.push("Content is kept in memory alone and ends with this process");
  if (!isLocal(host) && !readOnly && auth === undefined) {
    risks.push(`Authentication is off: anyone who can reach ${host} can push and delete (docs/access.md)`);
  }
  return risks;
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
 * The configuration where it comes from the environment alone and all of it is right: what most processes start with,
 * and what they need nothing of config.ts for. Loading zod takes longer than all else before the first answer.
 */
export function readSettings(environment: Record<string, string>): Config | undefined {
  if (environment[FILE_VARIABLE] || unknownVariables(environment).length > 0) return undefined;
  const given = withPlatform(environment, givenBy(environment));
  const values = Object.entries(SETTINGS)
    .filter(([key]) => key !== "auth" || given.auth !== undefined)
    .map(([key, { read, fallback }]) => [key, read(given[key] ?? fallback)]);
  if (values.some(([, value]) => value === undefined)) return undefined;
  const config = Object.fromEntries(values) as Config;
  return conflictsOf(config).length === 0 ? config : undefined;
}
