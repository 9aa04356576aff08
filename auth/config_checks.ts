import ipaddr from "ipaddr.js";
import type { AllowRule, AuthConfig, Subject } from "./auth_config.ts";
import { parseSubject } from "./policy/subject.ts";

/** Contradiction between values that are valid by themselves. */
export interface ConfigIssue {
  /** Path of the value, from `auth` on. */
  path: (string | number)[];
  /** Description of the problem. */
  message: string;
}

/** Configuration that is checked: with the storage quotas, which are written beside it. */
export interface CheckedConfig extends AuthConfig {
  /** Quotas by their patterns of names. */
  quotas: readonly { repositories: string }[];
}

/** Contradictions between values of a configuration: rules that can never apply, and probable mistakes. */
export function crossChecks(config: CheckedConfig): ConfigIssue[] {
  return [
    ...checkSubjects(config),
    ...checkAdministrators(config),
    ...checkGroups(config),
    ...checkConditions(config),
    ...checkRepeats(config),
    ...checkExternal(config),
    ...checkProxy(config),
  ];
}

/** Every list of subjects in the configuration, with its path. */
function* subjectLists(config: AuthConfig): Generator<{ path: ConfigIssue["path"]; subjects: Subject[] }> {
  yield { path: ["administrators"], subjects: config.administrators };
  for (const [name, subjects] of Object.entries(config.groups)) yield { path: ["groups", name], subjects };
  for (const { path, entry } of allowRules(config)) yield { path: [...path, "to"], subjects: entry.to };
}

function* allowRules(config: AuthConfig): Generator<{ path: ConfigIssue["path"]; entry: AllowRule }> {
  for (const [i, { allow }] of config.policies.entries()) {
    for (const [j, entry] of allow.entries()) yield { path: ["policies", i, "allow", j], entry };
  }
}

/** Rejects unknown names: a misspelt one would be denied without notice. */
function* checkSubjects(config: AuthConfig): Generator<ConfigIssue> {
  const issuers = config.issuers.map(({ name }) => name);
  for (const { path, subjects } of subjectLists(config)) {
    for (const [index, subject] of subjects.entries()) {
      const parts = parseSubject(subject)!;
      const at = [...path, index];
      if (parts.kind === "workload" && !issuers.includes(parts.name)) {
        yield { path: at, message: `No such issuer: "${parts.name}"` };
      } else if (parts.kind === "group" && !Object.hasOwn(config.groups, parts.name)) {
        yield { path: at, message: `No such group: "${parts.name}"` };
      } else if (parts.kind === "certificate" && config.proxy?.identityHeader === undefined) {
        yield { path: at, message: 'Certificates need "proxy.identityHeader"' };
      } else if (parts.kind === "oidc" && config.login === undefined) {
        yield { path: at, message: 'Accounts of a provider need "login"' };
      } else if (parts.kind === "external" && config.external === undefined) {
        yield { path: at, message: 'Subjects of an external token server need "external"' };
      }
    }
  }
}

/** Administrators must be named one by one. Anything else would be hard to notice from outside. */
function* checkAdministrators({ administrators }: AuthConfig): Generator<ConfigIssue> {
  for (const [index, subject] of administrators.entries()) {
    if (isMany(subject)) {
      yield {
        path: ["administrators", index],
        message: `Expected a named account or group, got "${subject}"`,
      };
    }
  }
}

/** True if a subject stands for several principals. */
function isMany(subject: Subject): boolean {
  const parts = parseSubject(subject)!;
  return !("name" in parts) || parts.kind === "workload" || parts.name.includes("*");
}

/** Rejects groups within groups, and groups that would open a rule to everyone unnoticed. */
function* checkGroups({ groups, administrators }: AuthConfig): Generator<ConfigIssue> {
  for (const [name, members] of Object.entries(groups)) {
    for (const [index, subject] of members.entries()) {
      const parts = parseSubject(subject)!;
      const { kind } = parts;
      const path = ["groups", name, index];
      if (kind === "group") yield { path, message: "A group cannot contain a group" };
      if (kind === "anonymous" || kind === "authenticated") {
        yield {
          path,
          message: `A group cannot contain "${subject}": name it in a policy`,
        };
      }
      if ("name" in parts && isMany(subject) && administrators.includes(`group:${name}`)) {
        yield {
          path,
          message: `Administrators must be named one by one: "${subject}" matches many accounts`,
        };
      }
    }
  }
}

/** Only workloads and accounts of a provider have claims. */
function* checkConditions(config: AuthConfig): Generator<ConfigIssue> {
  for (const { path, entry } of allowRules(config)) {
    if (entry.where === undefined) continue;
    for (const [index, subject] of entry.to.entries()) {
      if (mayHaveClaims(subject, config.groups)) continue;
      const message =
        `"where" is only for workloads and accounts of a provider: move "${subject}" to an entry without it`;
      yield { path: [...path, "to", index], message };
    }
  }
}

function mayHaveClaims(subject: Subject, groups: AuthConfig["groups"]): boolean {
  const parts = parseSubject(subject)!;
  if (parts.kind === "workload" || parts.kind === "oidc") return true;
  // An unknown group is reported by another check.
  return parts.kind === "group" &&
    (!Object.hasOwn(groups, parts.name) || groups[parts.name]!.some((member) => mayHaveClaims(member, {})));
}

/** Rejects duplicates: sooner or later only one of two copies is changed. */
function* checkRepeats(config: CheckedConfig): Generator<ConfigIssue> {
  const seen = new Map<string, string>();
  for (const [i, { repositories }] of config.policies.entries()) {
    for (const [j, pattern] of repositories.entries()) {
      const first = seen.get(pattern);
      seen.set(pattern, first ?? `policies[${i}]`);
      if (first === undefined) continue;
      yield { path: ["policies", i, "repositories", j], message: `"${pattern}" is already in ${first}` };
    }
  }
  yield* repeatsOf("quotas", "repositories", config.quotas.map(({ repositories }) => repositories));
  yield* repeatsOf("issuers", "name", config.issuers.map(({ name }) => name));
  yield* repeatsOf("issuers", "issuer", config.issuers.map(({ issuer }) => issuer));
}

function* repeatsOf(list: string, key: string, values: string[]): Generator<ConfigIssue> {
  for (const [index, value] of values.entries()) {
    const first = values.indexOf(value);
    if (first < index) {
      yield { path: [list, index, key], message: `"${value}" is already in ${list}[${first}]` };
    }
  }
}

/**
 * With an external token server, its tokens alone decide about access. Rejects every setting that would have no effect.
 */
function* checkExternal(config: AuthConfig): Generator<ConfigIssue> {
  if (config.external === undefined) return;
  const { htpasswd, users, keys, proxy, issuers, administrators, groups, policies } = config;
  const given = {
    htpasswd: htpasswd !== undefined,
    users: users !== undefined,
    keys: keys !== undefined,
    credentialLifetime: config.credentialLifetime !== undefined,
    issuers: issuers.length > 0,
    login: config.login !== undefined,
    administrators: administrators.length > 0,
    groups: Object.keys(groups).length > 0,
    policies: policies.length > 0,
    "proxy.identityHeader": proxy?.identityHeader !== undefined,
    "challenge: basic": config.challenge === "basic",
  };
  for (const [key, isGiven] of Object.entries(given)) {
    if (isGiven) {
      yield {
        path: ["external"],
        message: `Cannot be combined with "${key}": only the external tokens decide`,
      };
    }
  }
}

function* checkProxy({ proxy }: AuthConfig): Generator<ConfigIssue> {
  if (proxy === undefined) return;
  if (proxy.identityHeader === undefined && !proxy.forwardedFor && !proxy.forwardedHost) {
    yield {
      path: ["proxy"],
      message: "Expected at least one of identityHeader, forwardedFor, forwardedHost",
    };
  }
  for (const [index, range] of proxy.trusted.entries()) {
    const [network, bits] = ipaddr.parseCIDR(range);
    const isAllIpv4 = network instanceof ipaddr.IPv6 && network.isIPv4MappedAddress() && bits === 96;
    // Every client could claim any identity.
    if (bits === 0 || isAllIpv4) {
      yield { path: ["proxy", "trusted", index], message: `"${range}" trusts every address` };
    }
  }
}
