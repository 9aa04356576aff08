import type { AuthConfig } from "../auth/interface.ts";
import type { PurgeOptions } from "../purge/mod.ts";
import type { EventType, ImmutableRule, QuotaRule, RetentionRule } from "../registry/mod.ts";
import type { VerifyRule } from "../trust/interface.ts";

/** Settings under `auth`: authentication and authorization, and what the registry itself limits. */
export interface AccessConfig extends AuthConfig {
  /** Tags that can't be moved or deleted. */
  immutable: ImmutableRule[];
  /** Storage quotas. */
  quotas: QuotaRule[];
}

/** Settings under `public`: host names for anonymous pulls, and the shared cache in front of them. */
export interface PublicConfig {
  /** Host names in lower case, without port. */
  hosts: string[];
  /** Dialect of the headers for the shared cache. */
  cdn: "standard" | "cloudflare" | "deno" | "fastly";
  /** Maximum time of content by digest in the shared cache; 0 disables it. */
  digestTtl: number;
  /** Maximum time of a manifest by tag in the shared cache; 0 disables it. */
  tagTtl: number;
  /** Shared cache to purge after changes; absent if it keeps everything for its time. */
  purge?: PurgeOptions;
}

/** Delivery of blobs: through the registry, by a redirect to the store, or by either. */
export type Delivery = "proxy" | "redirect" | "auto";

/** Delivery of the blobs of some repositories. */
export interface DeliveryRule {
  /** Glob patterns of repository names. */
  repositories: string[];
  /** Their delivery. */
  delivery: Delivery;
}

/** Replica of the bucket, of the table, or of both, for reads. */
export interface ReadReplica {
  /** AWS region of both. */
  region: string;
  /** Bucket; absent if only the table has a replica. */
  bucket?: string;
  /** Table; absent if only the bucket has a replica. */
  table?: string;
  /** URL of S3. */
  s3Endpoint?: string;
  /** URL of DynamoDB. */
  dynamodbEndpoint?: string;
  /** Access key, if it is not the one of the home stores. */
  accessKeyId?: string;
  /** Secret of the access key. */
  secretAccessKey?: string;
}

/** Receiver of events. */
export interface WebhookConfig {
  /** Unique name. */
  name: string;
  /** URL that events are sent to. */
  url: string;
  /** Secrets that sign requests, the newest first. */
  secrets: string[];
  /** Types of the events. */
  events: EventType[];
  /** Glob patterns of the names of repositories. */
  repositories: string[];
  /** True if the receiver may have a private address, and no TLS. */
  allowPrivate: boolean;
  /** Milliseconds before the second attempt, the third one, and so on. */
  retry: number[];
  /** Number of pulls of which one is an event. */
  pullSample: number;
}

/**
 * The configuration of a process: sizes in bytes, time spans in milliseconds. `SETTINGS` describes each setting in
 * full; optional text is empty if it is not set.
 */
export interface Config {
  /** TCP port; 0 selects a free one. */
  port: number;
  /** Address to listen on. */
  host: string;
  /** TCP port of the metrics; 0 selects a free one. */
  metricsPort: number | "off";
  /** Address of the metrics. */
  metricsHost: string;
  /** Path of the TLS certificate. */
  tlsCert: string;
  /** Path of its private key. */
  tlsKey: string;
  /** Processes that serve the port. */
  workers: number;
  /** Kind of storage. */
  storage: "folder" | "memory" | "aws";
  /** Path of the data folder. */
  data: string;
  /** S3 bucket. */
  s3Bucket: string;
  /** Prefix of every key in the bucket. */
  s3Prefix: string;
  /** True if the bucket is in the path of a URL instead of its host. */
  s3PathStyle: boolean;
  /** Bytes of a part of an upload to S3. */
  s3PartSize: number;
  /** `on` if the store verifies the hash of content; `auto` tests it. */
  s3VerifiesContent: "auto" | "on" | "off";
  /** DynamoDB table. */
  dynamodbTable: string;
  /** Delivery of blobs. */
  delivery: Delivery;
  /** Delivery of the blobs of some repositories. */
  deliveryRules: DeliveryRule[];
  /** URL of S3 for clients that are redirected. */
  redirectEndpoint: string;
  /** Id of the key pair at CloudFront. */
  redirectKeyPairId: string;
  /** Private key of the pair, in PEM, or the path of its file. */
  redirectKey: string;
  /** Lifetime of the URLs that clients are redirected to. */
  redirectLifetime: number;
  /** AWS region. */
  awsRegion: string;
  /** URL of S3. */
  s3Endpoint: string;
  /** URL of DynamoDB. */
  dynamodbEndpoint: string;
  /** URL of both. */
  awsEndpoint: string;
  /** Replicas for reads. */
  readReplicas: ReadReplica[];
  /** Table that GET reads: at home, or at the nearest replica. */
  tableReads: "home" | "near";
  /** Age from which an object is in every replica; 0 if unknown. */
  replicationTime: number;
  /** True if bucket and table are tested at startup. */
  check: boolean;
  /** Authentication and policies; absent if every client may do everything. */
  auth?: AccessConfig;
  /** Public endpoint; absent if every host is the main one. */
  public?: PublicConfig;
  /** Receivers of events. */
  webhooks: WebhookConfig[];
  /** Rules of signatures. */
  verify: VerifyRule[];
  /** API token for purges. */
  purgeToken: string;
  /** Path of a file with it. */
  purgeTokenFile: string;
  /** True if every write is refused. */
  readOnly: boolean;
  /** True if tags can be deleted. */
  deleteTags: boolean;
  /** True if manifests can be deleted. */
  deleteManifests: boolean;
  /** True if blobs can be deleted. */
  deleteBlobs: boolean;
  /** `strict` if everything that a manifest references must exist. */
  references: "strict" | "sparse";
  /** Maximum bytes of a manifest. */
  maxManifestSize: number;
  /** Maximum bytes of a blob. */
  maxBlobSize: number;
  /** Time after which an idle upload expires. */
  uploadExpiry: number;
  /** Maximum time without data in a request body. */
  uploadIdleTimeout: number;
  /** Interval of the sweep; 0 disables it. */
  sweepInterval: number;
  /** Retention rules. */
  retention: RetentionRule[];
  /** Interval of retention; 0 disables it. */
  retentionInterval: number;
  /** Interval of the full pass of garbage collection; 0 disables garbage collection. */
  collectInterval: number;
  /** Grace period of unreferenced content. */
  grace: number;
  /** Maximum time for the writes of a request after its body. */
  deadline: number;
  /** Time for which the process serves after SIGTERM. */
  drain: number;
  /** Time after the drain in which requests in progress may finish. */
  shutdownTimeout: number;
  /** Time for which a GET may answer from memory without a check. */
  cacheAge: number;
  /** Format of the log. */
  log: "auto" | "json" | "text" | "off";
  /** True if successful health probes are logged. */
  logProbes: boolean;
  /** True if browsers get the web UI. */
  ui: boolean;
  /** Origins whose pages may use the API, or `*`. */
  apiOrigins: string[];
}
