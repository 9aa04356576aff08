import type { Config } from "./configuration.ts";
import {
  accessMap,
  deliveryRules,
  duration,
  endpoint,
  keyPrefix,
  type Kind,
  oneOf,
  optional,
  optionalPort,
  origins,
  port,
  publicMap,
  readReplicas,
  retentionRules,
  size,
  text,
  toggle,
  verifyRules,
  webhookList,
  workerCount,
} from "./setting_kinds.ts";

/** Setting: its source, its kind of value, and its description. */
export interface Setting<T> extends Kind<T> {
  /** The variable of the environment. */
  variable: string;
  /** Default, as text. */
  fallback: string;
  /** Description in Markdown. */
  description: string;
}

function setting<T>(kind: Kind<T>, variable: string, fallback: string, description: string): Setting<T> {
  return { ...kind, variable, fallback, description };
}

/** Every setting, by the key that it has in the file. */
export const SETTINGS: { readonly [Key in keyof Config]-?: Setting<Required<Config>[Key]> } = {
  port: setting(
    port,
    "PORT",
    "8000",
    "TCP port to listen on; 0 selects a free port.",
  ),
  host: setting(
    text,
    "HOST",
    "127.0.0.1",
    "Address to listen on; `0.0.0.0` or `::` listens on every address. On Deno Deploy the default is `0.0.0.0`.",
  ),
  tlsCert: setting(
    optional(text),
    "SKERRY_TLS_CERT",
    "",
    "Path of a TLS certificate in PEM, followed by the certificates of its issuers. With it the port accepts " +
      "HTTPS only, with HTTP/2 and HTTP/1.1, and TLS 1.2 or later: see [TLS](operations.md#tls). Requires `tlsKey`.",
  ),
  tlsKey: setting(
    optional(text),
    "SKERRY_TLS_KEY",
    "",
    "Path of the private key of `tlsCert` in PEM, without a password.",
  ),
  metricsPort: setting(
    optionalPort,
    "SKERRY_METRICS_PORT",
    "off",
    "TCP port that serves [metrics](monitoring.md) for Prometheus at `/metrics`, without a login; 0 selects a free port.",
  ),
  metricsHost: setting(
    text,
    "SKERRY_METRICS_HOST",
    "127.0.0.1",
    "Address of `metricsPort`; `0.0.0.0` or `::` is every address. Metrics name no repository and no account.",
  ),
  workers: setting(
    workerCount,
    "SKERRY_WORKERS",
    "1",
    "Processes that serve the port, for more CPU cores: see [workers](operations.md#workers). `auto` is one for each " +
      "core. Above 1 it needs Linux, the permission to run Deno, and storage that processes can share. On Deno Deploy " +
      "there is always one.",
  ),
  storage: setting(
    oneOf("folder", "memory", "aws"),
    "SKERRY_STORAGE",
    "folder",
    "Storage of all content: the data folder; memory, which is lost when the process ends; or, with `aws`, an S3 " +
      "bucket and a DynamoDB table (or compatible services), which any number of replicas share: see [S3 and " +
      "DynamoDB](aws.md). On Deno Deploy, where a folder would also be lost, the default is `memory` unless " +
      "`SKERRY_DATA` is set.",
  ),
  data: setting(
    text,
    "SKERRY_DATA",
    "./data",
    "Data folder. It is created if it does not exist.",
  ),
  s3Bucket: setting(
    optional(text),
    "SKERRY_S3_BUCKET",
    "",
    "S3 bucket. It must exist; `skerry provision` creates it. Required with `aws`.",
  ),
  s3Prefix: setting(
    optional(keyPrefix),
    "SKERRY_S3_PREFIX",
    "",
    "Prefix of all keys, for a bucket that also has other content.",
  ),
  s3PathStyle: setting(
    toggle,
    "SKERRY_S3_PATH_STYLE",
    "off",
    "Name the bucket in the path of the URL instead of the host. Most stores other than S3 itself need this.",
  ),
  s3PartSize: setting(
    size("5MiB", "5GiB"),
    "SKERRY_S3_PART_SIZE",
    "16MiB",
    "Size of the parts in which a large blob is stored. A blob has at most 10,000 parts, which is 156 GiB at the " +
      "default. A push uses the memory of several parts. All replicas must have the same value. Uploads started " +
      "with another value cannot be resumed.",
  ),
  s3VerifiesContent: setting(
    oneOf("auto", "on", "off"),
    "SKERRY_S3_VERIFIES_CONTENT",
    "auto",
    "Rely on the store to reject content that does not match `x-amz-content-sha256`. The registry then need not " +
      "hash a push with a known digest itself. `auto` sends one object with a wrong hash at startup, and hashes " +
      "every push until the store has rejected it; `on` skips this test.",
  ),
  delivery: setting(
    oneOf("proxy", "redirect", "auto"),
    "SKERRY_DELIVERY",
    "proxy",
    "Delivery of blobs with `aws`: `proxy` sends their bytes through the registry; `redirect` answers GET with 307 " +
      "and a URL of S3; `auto` does so for blobs of at least 1 MiB, except to browsers. Blobs of at most 64 KiB are " +
      "never redirected. See [delivery](delivery.md).",
  ),
  deliveryRules: setting(
    deliveryRules,
    "SKERRY_DELIVERY_RULES",
    "",
    "Other values of `delivery` for some repositories: see [delivery](delivery.md#rules). The first rule that " +
      "matches counts. The variable takes the same list as JSON.",
  ),
  redirectEndpoint: setting(
    optional(endpoint),
    "SKERRY_REDIRECT_ENDPOINT",
    "",
    "URL of S3 as clients reach it, for redirects, if the registry itself uses another one. The store must accept " +
      "signatures for this host.",
  ),
  redirectKeyPairId: setting(
    optional(text),
    "SKERRY_REDIRECT_KEY_PAIR_ID",
    "",
    "Id of a public key at CloudFront. With it, `redirectEndpoint` is the URL of a " +
      "[CloudFront distribution](delivery.md#cloudfront).",
  ),
  redirectKey: setting(
    optional(text),
    "SKERRY_REDIRECT_KEY",
    "",
    "RSA private key of `redirectKeyPairId` in PEM, or the path of its file.",
  ),
  redirectLifetime: setting(
    duration("1m", "1d"),
    "SKERRY_REDIRECT_LIFETIME",
    "1h",
    "Lifetime of the URLs of redirects. A client gets one that is valid for at least three quarters of this time, or " +
      "until the registry's credentials expire.",
  ),
  dynamodbTable: setting(
    optional(text),
    "SKERRY_DYNAMODB_TABLE",
    "",
    "DynamoDB table. It must exist; `skerry provision` creates it. Required with `aws`.",
  ),
  awsRegion: setting(
    optional(text),
    "AWS_REGION",
    "",
    "Region of the bucket and the table, such as `eu-central-1`. Required with `aws`. A store without regions " +
      "usually accepts `us-east-1`. Credentials come from the usual sources of an AWS SDK, not from a setting.",
  ),
  s3Endpoint: setting(
    optional(endpoint),
    "AWS_ENDPOINT_URL_S3",
    "",
    "URL of an S3-compatible store, instead of AWS. Takes precedence over `AWS_ENDPOINT_URL`.",
  ),
  dynamodbEndpoint: setting(
    optional(endpoint),
    "AWS_ENDPOINT_URL_DYNAMODB",
    "",
    "URL of a DynamoDB-compatible service, instead of AWS. Takes precedence over `AWS_ENDPOINT_URL`.",
  ),
  awsEndpoint: setting(
    optional(endpoint),
    "AWS_ENDPOINT_URL",
    "",
    "URL of both services, instead of AWS.",
  ),
  readReplicas: setting(
    readReplicas,
    "SKERRY_READ_REPLICAS",
    "",
    "Replicas of the bucket and of the table, with `aws`. A process reads blobs from the nearest one, which it finds by " +
      "measurement, and from home what is not there: see [consistency](consistency.md). The variable takes the same " +
      "list as JSON.",
  ),
  tableReads: setting(
    oneOf("home", "near"),
    "SKERRY_TABLE_READS",
    "home",
    "Table that pulls read, if a replica in `readReplicas` has one: `home` answers every pull as soon as a push or a " +
      "delete is acknowledged; `near` lets GET read the nearest replica, and its answers are as old as the replication. " +
      "HEAD and lists always read at home. See [consistency](consistency.md).",
  ),
  replicationTime: setting(
    duration("0"),
    "SKERRY_REPLICATION_TIME",
    "0",
    "Age from which a blob is certainly in every bucket of `readReplicas`, so that a redirect to a replica needs no " +
      "request. With 0 and for younger blobs, the registry asks the replica once for each blob.",
  ),
  check: setting(
    toggle,
    "SKERRY_CHECK",
    "off",
    "Run the tests of `skerry check` at startup, and exit if the bucket or the table lacks a required " +
      "capability. Only with `aws`.",
  ),
  auth: setting(
    accessMap,
    "SKERRY_AUTH",
    "",
    "Authentication and policies: see [access control](access.md). Without it the registry is open: anyone who " +
      "can reach it can do everything. The variable takes the same map as YAML or JSON.",
  ),
  public: setting(
    publicMap,
    "SKERRY_PUBLIC",
    "",
    "Public endpoint: host names under which clients pull without a login, and nothing else works: see [public " +
      "endpoint](public.md). The variable takes the same map as JSON.",
  ),
  webhooks: setting(
    webhookList,
    "SKERRY_WEBHOOKS",
    "",
    "Receivers of events, such as pushes and deletes: see [webhooks](webhooks.md). The variable takes the same list as " +
      "JSON.",
  ),
  purgeToken: setting(
    optional(text),
    "SKERRY_PURGE_TOKEN",
    "",
    "API token of Fastly or Cloudflare for [purges](caching.md#purges).",
  ),
  purgeTokenFile: setting(
    optional(text),
    "SKERRY_PURGE_TOKEN_FILE",
    "",
    "Path of a file with `purgeToken`. It is read for each purge, so the token can be rotated.",
  ),
  readOnly: setting(
    toggle,
    "SKERRY_READ_ONLY",
    "off",
    "Refuse every push and every delete with 405. Pulls are still recorded if a rule of `retention` has " +
      "`pulledWithin`.",
  ),
  deleteTags: setting(
    toggle,
    "SKERRY_DELETE_TAGS",
    "on",
    "Allow deleting tags; otherwise 405. `off` also refuses, with 403, to delete a manifest by digest while a " +
      "tag points to it.",
  ),
  deleteManifests: setting(
    toggle,
    "SKERRY_DELETE_MANIFESTS",
    "on",
    "Allow deleting manifests by digest; otherwise 405.",
  ),
  deleteBlobs: setting(
    toggle,
    "SKERRY_DELETE_BLOBS",
    "on",
    "Allow deleting blobs; otherwise 405.",
  ),
  references: setting(
    oneOf("strict", "sparse"),
    "SKERRY_REFERENCES",
    "strict",
    "`strict` refuses a manifest whose blobs or child manifests are not in the repository; `sparse` accepts it. " +
      "A `subject` need not exist.",
  ),
  maxManifestSize: setting(
    size("64KiB", "64MiB"),
    "SKERRY_MAX_MANIFEST_SIZE",
    "4MiB",
    "Maximum size of a manifest, inclusive; 413 above. Many clients read at most 4 MiB.",
  ),
  maxBlobSize: setting(
    size("1B", "5TiB"),
    "SKERRY_MAX_BLOB_SIZE",
    "5TiB",
    "Maximum size of a blob, inclusive; 413 above.",
  ),
  uploadExpiry: setting(
    duration("1s"),
    "SKERRY_UPLOAD_EXPIRY",
    "24h",
    "Time after which an idle upload expires. At least four times `SKERRY_DEADLINE`, and at least 20 minutes or " +
      "half of `SKERRY_GRACE`, whichever is shorter. So the content stays until the last request for it is over, " +
      "however much the clocks of the replicas differ.",
  ),
  uploadIdleTimeout: setting(
    duration("1s", "20d"),
    "SKERRY_UPLOAD_IDLE_TIMEOUT",
    "60s",
    "Maximum time without data in a request body before the request is aborted. Bytes that arrived by PATCH are " +
      "kept.",
  ),
  sweepInterval: setting(
    duration("0", "20d"),
    "SKERRY_SWEEP_INTERVAL",
    "15m",
    "Interval of the sweep, which removes expired uploads; 0 disables it.",
  ),
  retention: setting(
    retentionRules,
    "SKERRY_RETENTION",
    "",
    "Retention rules: which tags and untagged manifests are kept, by repository; see [retention](retention.md). " +
      "Without a rule all are kept. The variable takes the same list as JSON.",
  ),
  verify: setting(
    verifyRules,
    "SKERRY_VERIFY",
    "",
    "Rules of signatures: which keys, identities and certificates must have signed the manifests of which " +
      "repositories, and if others are refused; see [signatures](signatures.md). The variable takes the same list as " +
      "JSON.",
  ),
  retentionInterval: setting(
    duration("0", "20d"),
    "SKERRY_RETENTION_INTERVAL",
    "1h",
    "Interval at which the rules of `retention` are applied; 0 disables it. With many replicas, one of them or " +
      "`skerry retain` is enough.",
  ),
  collectInterval: setting(
    duration("0", "20d"),
    "SKERRY_COLLECT_INTERVAL",
    "24h",
    "Interval of the full pass of garbage collection, which checks every item. Garbage of deletes is collected " +
      "sooner: every five minutes, or four times in this interval if that is more often. 0 disables garbage " +
      "collection. All replicas share the work, each in small steps while it serves.",
  ),
  grace: setting(
    duration("1s"),
    "SKERRY_GRACE",
    "24h",
    "Grace period: minimum age of unreferenced content before it is removed. A client has this long between its " +
      "push of a blob, or its check with HEAD, and its push of the manifest. The clocks of the replicas may differ " +
      "by five minutes, or by an eighth of the grace period if that is less. All replicas must have the same value.",
  ),
  deadline: setting(
    duration("1ms"),
    "SKERRY_DEADLINE",
    "1m",
    "Maximum time for the writes of one request after its body has arrived; at most a quarter of `SKERRY_GRACE`, " +
      "so that a stalled request cannot do harm.",
  ),
  drain: setting(
    duration("0", "12h"),
    "SKERRY_DRAIN",
    "4s",
    "Time after SIGTERM in which the process serves as before while `/readyz` answers 503, so that load balancers " +
      "send their requests to other replicas. In the last quarter of it, GET and HEAD are answered with 503. SIGINT " +
      "skips it.",
  ),
  shutdownTimeout: setting(
    duration("1s", "12h"),
    "SKERRY_SHUTDOWN_TIMEOUT",
    "4500ms",
    "Time after the drain in which pushes and pulls in progress may finish. Raise it for large pushes and pulls, and " +
      "raise the limit of the supervisor too (`TimeoutStopSec`, `terminationGracePeriodSeconds`): it must exceed " +
      "`SKERRY_DRAIN` and this time by 2 seconds. After SIGINT it is at most 4.5 seconds.",
  ),
  cacheAge: setting(
    duration("0"),
    "SKERRY_CACHE_AGE",
    "0",
    "Cache TTL: how long a GET may answer from memory without asking the table for deletions. With 0 every GET " +
      "asks, so every replica answers correctly as soon as a delete is acknowledged. Above 0, a GET may return a " +
      "manifest or blob that another replica has deleted, for this long. That saves one table read for each pull, " +
      "for replicas far from their table. HEAD requests and tags are always checked. At most a quarter of " +
      "`SKERRY_GRACE`.",
  ),
  log: setting(
    oneOf("auto", "json", "text", "off"),
    "SKERRY_LOG",
    "auto",
    "Format of the log on standard output: JSON lines, readable text, or none. `auto` is `text` on a terminal " +
      "and `json` otherwise.",
  ),
  logProbes: setting(
    toggle,
    "SKERRY_LOG_PROBES",
    "off",
    "Log every health probe (`/livez`, `/readyz`, `/startupz`). By default only failed probes are logged.",
  ),
  ui: setting(
    toggle,
    "SKERRY_UI",
    "on",
    "Serve the web UI at `/`. With `off`, `/` explains only how to push and pull.",
  ),
  apiOrigins: setting(
    origins,
    "SKERRY_API_ORIGINS",
    "",
    "Origins whose web pages may use the [JSON API](api.md#web-pages-of-other-origins) (CORS). `*` allows every " +
      "page, and none may use passwords that a browser has stored.",
  ),
};
