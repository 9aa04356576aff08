import type { Action } from "../registry/interface.ts";

/**
 * Who is meant by a rule: `anonymous`, `authenticated` (anybody but them and workloads), `user:<name>`, `robot:<name>`,
 * `workload:<issuer>` (every workload of that issuer of the configuration), `certificate:<name>`, `external:<name>` or
 * `group:<name>`. A name may hold `*`.
 */
export type Subject = string;

/** What a policy allows to whom. */
export interface AllowRule {
  /** Any of them. */
  to: Subject[];
  /** What they may do. */
  actions: Action[];
  /** Of workloads: the claims that they must have, each with one of these patterns (`*` stands for any text). */
  where?: Record<string, string[]>;
}

/** What may be done in some repositories. */
export interface PolicyRule {
  /** Glob patterns of names; of all rules with a pattern that matches a repository, the one with the longest counts alone. */
  repositories: string[];
  /** Everything else is denied. */
  allow: AllowRule[];
}

/** Tags that stay where they point. */
export interface ImmutableRule {
  /** Glob patterns of names. */
  repositories: string[];
  /** Glob patterns of tags. */
  tags: string[];
  /** Glob patterns of tags that may move all the same. */
  except: string[];
}

/** An issuer of OpenID Connect tokens for workloads. */
export interface IssuerConfig {
  /** What rules and principals call it, such as `github`. */
  name: string;
  /** Its `iss`, exactly. */
  issuer: string;
  /** One of these must be in `aud`. */
  audiences: string[];
  /** Where its keys are; by default where its discovery document says. */
  jwksUri?: string;
  /** The claim that names the workload; `sub` by default. */
  subject: string;
  /** How long our own token for such a workload is good, in milliseconds. */
  tokenLifetime: number;
}

/** A token server of somebody else's, as CNCF distribution knows them. */
export interface ExternalConfig {
  /** Where clients get tokens. */
  realm: string;
  /** `iss` of its tokens. */
  issuer: string;
  /** `aud` of its tokens. */
  service: string;
  /** A file with its public keys: a JWK set, or PEM. */
  keys: string;
}

/** A proxy that has verified the client's certificate and says in a header who it is. */
export interface ProxyConfig {
  /** Addresses of the proxies, as CIDR; the headers of everybody else are not looked at. */
  trusted: string[];
  /** The header that holds the verified subject or name of the client's certificate. */
  identityHeader?: string;
  /** Whether `X-Forwarded-For` of these proxies tells the client's address. */
  forwardedFor: boolean;
}

/** Bounds of what one principal, or one address, may ask of a process or of the registry. 0 sets none. */
export interface LimitsConfig {
  /** Requests of one principal, or of one address where nobody is logged in, per minute and process. */
  requestsPerMinute: number;
  /** Failed logins of one address, and of one name, before each further one has to wait, in all processes. */
  failedLogins: number;
  /** Uploads that one principal may have open at a time, in all processes together. */
  openUploads: number;
  /** Bytes in them. */
  openUploadBytes: number;
}

/** Most bytes of blobs and manifests in the repositories of a pattern, in all of them together. */
export interface QuotaRule {
  /** A glob pattern of names. */
  repositories: string;
  /** Bytes. */
  bytes: number;
}

/** Who may do what, and how they show who they are. Times are in milliseconds. */
export interface AuthConfig {
  /** Where clients reach the registry: scheme, host, and a port if it has one. No header of a request is believed instead. */
  url: string;
  /** What our tokens are good for: their `aud`, and `service` of the challenge. By default the host of the URL. */
  service: string;
  /** What is asked of whoever has to log in. */
  challenge: "bearer" | "basic";
  /** How long an access token is good. */
  tokenLifetime: number;
  /** How long a refresh token is good. */
  refreshLifetime: number;
  /** How long a robot's or a personal token is good at most; one without an end is refused then. Without a bound by default. */
  credentialLifetime?: number;
  /** A file with private keys as a JWK set, the first of which signs. By default keys are made, and kept in the table. */
  keys?: string;
  /** A file that holds a name and a bcrypt hash on each line. */
  htpasswd?: string;
  /** The same by itself, for where there are no files. */
  users?: Record<string, string>;
  /** The configuration file that has all this; absent where it comes from the environment. */
  file?: string;
  /** Issuers of tokens that are taken for a password. */
  issuers: IssuerConfig[];
  /** Somebody else's token server instead of our own. */
  external?: ExternalConfig;
  /** What a proxy in front of the registry may say. */
  proxy?: ProxyConfig;
  /** They may do everything everywhere. */
  administrators: Subject[];
  /** Members of each group. */
  groups: Record<string, Subject[]>;
  /** Without one that fits, nobody may do anything. */
  policies: PolicyRule[];
  /** Tags that can't be moved or deleted. */
  immutable: ImmutableRule[];
  /** Protection. */
  limits: LimitsConfig;
  /** How much may be stored. */
  quotas: QuotaRule[];
}
