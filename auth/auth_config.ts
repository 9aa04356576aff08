import type { Action } from "../registry/interface.ts";

/**
 * Subject of a rule: `anonymous`, `authenticated` (every account except anonymous and workloads), `user:<name>`,
 * `robot:<name>`, `workload:<issuer>` (every workload of that configured issuer), `certificate:<name>`,
 * `external:<name>` or `group:<name>`. A name may contain `*`.
 */
export type Subject = string;

/** Actions that a policy allows, and their subjects. */
export interface AllowRule {
  /** Any of them. */
  to: Subject[];
  /** Allowed actions. */
  actions: Action[];
  /** Of workloads: the claims that they must have, each with one of these patterns (`*` stands for any text). */
  where?: Record<string, string[]>;
}

/** Rules for the repositories of some patterns. */
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
  /** Name of the issuer in rules and principals, such as `github`. */
  name: string;
  /** Its `iss`, exactly. */
  issuer: string;
  /** One of these must be in `aud`. */
  audiences: string[];
  /** URL of the issuer's keys. Default: the one of its discovery document. */
  jwksUri?: string;
  /** The claim that names the workload; `sub` by default. */
  subject: string;
  /** How long our own token for such a workload is good, in milliseconds. */
  tokenLifetime: number;
}

/** External token server, as CNCF distribution defines it. */
export interface ExternalConfig {
  /** URL at which clients get tokens. */
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
  /** True if `X-Forwarded-For` of these proxies contains the client's address. */
  forwardedFor: boolean;
}

/** Bounds of what one principal, or one address, may ask of a process or of the registry. 0 sets none. */
export interface LimitsConfig {
  /** Rate limit of one principal, or of one address for anonymous requests: requests a minute in each process. */
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

/** Authentication and authorization of a registry. Times are in milliseconds. */
export interface AuthConfig {
  /** External URL of the registry: scheme, host, and port if needed. Headers of a request never override it. */
  url: string;
  /** Audience (`aud`) of our tokens, and `service` of the challenge. Default: the host of the URL. */
  service: string;
  /** Authentication scheme of the challenge. */
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
  /** External token server, instead of the built-in one. */
  external?: ExternalConfig;
  /** Trusted proxy in front of the registry. */
  proxy?: ProxyConfig;
  /** They may do everything everywhere. */
  administrators: Subject[];
  /** Members of each group. */
  groups: Record<string, Subject[]>;
  /** Rules of access. A request that no rule allows is denied. */
  policies: PolicyRule[];
  /** Tags that can't be moved or deleted. */
  immutable: ImmutableRule[];
  /** Protection. */
  limits: LimitsConfig;
  /** How much may be stored. */
  quotas: QuotaRule[];
}
