import type { Action } from "../oci/mod.ts";

/**
 * Subject of a rule: `anonymous`, `authenticated` (every account except anonymous, workloads and those of a provider of
 * logins), `user:<name>`, `robot:<name>`, `workload:<issuer>` (every workload of that configured issuer),
 * `certificate:<name>`, `external:<name>`, `oidc:<name>` (an account of the provider of logins) or `group:<name>`. A name
 * may contain `*`.
 */
export type Subject = string;

/** Actions that a policy allows, and their subjects. */
export interface AllowRule {
  /** Subjects that the rule applies to. */
  to: Subject[];
  /** Allowed actions. */
  actions: Action[];
  /** Required claims of a workload, each with a list of patterns (`*` matches any text). One pattern must match. */
  where?: Record<string, string[]>;
}

/** Rules for the repositories of some patterns. */
export interface PolicyRule {
  /** Glob patterns of names. Only one rule applies to a repository: the one with the longest pattern that matches. */
  repositories: string[];
  /** Allowed actions. Every other action is denied. */
  allow: AllowRule[];
}

/** An issuer of OpenID Connect tokens for workloads. */
export interface IssuerConfig {
  /** Name of the issuer in rules and principals, such as `github`. */
  name: string;
  /** Exact issuer (`iss`) of its ID tokens. */
  issuer: string;
  /** Accepted audiences (`aud`) of its ID tokens. */
  audiences: string[];
  /** URL of the issuer's keys. Default: the one of its discovery document. */
  jwksUri?: string;
  /** The claim that names the workload; `sub` by default. */
  subject: string;
  /** Lifetime of the workload passwords of this issuer, in milliseconds. */
  tokenLifetime: number;
}

/** Provider of OpenID Connect at which people log in to the web UI. */
export interface ProviderConfig {
  /** Name that the login shows. */
  name: string;
  /** Exact issuer (`iss`). Its discovery document is below it. */
  issuer: string;
  /** Id of the registry at the provider. */
  clientId: string;
  /** Secret of the registry at the provider; a public client has none. */
  clientSecret?: string;
  /** Requested scopes, with `openid`. */
  scopes: string[];
  /** The claim that names the account; `sub` by default. */
  subject: string;
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

/** Proxy that verifies client certificates and passes the client's name in a header. */
export interface ProxyConfig {
  /** Addresses of the trusted proxies, as CIDR. Headers of other clients are ignored. */
  trusted: string[];
  /** The header that holds the verified subject or name of the client's certificate. */
  identityHeader?: string;
  /** True if `X-Forwarded-For` of these proxies contains the client's address. */
  forwardedFor: boolean;
  /** True if `X-Forwarded-Host` of these proxies is the host that the client requested. */
  forwardedHost: boolean;
}

/** Limits of one principal or one client address. 0 means no limit. */
export interface LimitsConfig {
  /** Rate limit of one principal, or of one address for anonymous requests: requests a minute in each replica. */
  requestsPerMinute: number;
  /** Consecutive failed logins of one address, or for one name, before further ones are delayed, in all processes. */
  failedLogins: number;
  /** Uploads that one principal may have open at a time, in all processes together. */
  openUploads: number;
  /** Bytes in the open uploads of one principal, in all processes together. */
  openUploadBytes: number;
}

/** Authentication and authorization of a registry. Times are in milliseconds. */
export interface AuthConfig {
  /** External URL of the registry: scheme, host, and port if needed. Headers of a request never override it. */
  url: string;
  /** Audience (`aud`) of the registry's tokens, and `service` of the challenge. Default: the host of the URL. */
  service: string;
  /** Authentication scheme of the challenge. */
  challenge: "bearer" | "basic";
  /** Lifetime of access tokens. */
  tokenLifetime: number;
  /** Lifetime of refresh tokens. */
  refreshLifetime: number;
  /** Maximum lifetime of account tokens; a token without expiry is then rejected. No limit by default. */
  credentialLifetime?: number;
  /** File with private keys as a JWK set; the first one signs. Default: keys are generated and stored in the table. */
  keys?: string;
  /** htpasswd file: a name and a bcrypt hash on each line. */
  htpasswd?: string;
  /** Users by name with their bcrypt hashes, instead of a file. */
  users?: Record<string, string>;
  /** Configuration file that contains these settings; absent if they come from the environment. */
  file?: string;
  /** OpenID Connect issuers whose ID tokens workloads may use as passwords. */
  issuers: IssuerConfig[];
  /** Provider of logins to the web UI. */
  login?: ProviderConfig;
  /** External token server, instead of the built-in one. */
  external?: ExternalConfig;
  /** Trusted proxy in front of the registry. */
  proxy?: ProxyConfig;
  /** Accounts that may do everything in every repository. */
  administrators: Subject[];
  /** Members of each group. */
  groups: Record<string, Subject[]>;
  /** Rules of access. A request that no rule allows is denied. */
  policies: PolicyRule[];
  /** Limits of requests, failed logins and open uploads. */
  limits: LimitsConfig;
}
