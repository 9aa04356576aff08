import ipaddr from "ipaddr.js";
import * as z from "zod/mini";
import { crossChecks, isPlainName, parseSubject } from "../auth/rules.ts";
import type { AccessConfig } from "./configuration.ts";
import { isRepositoryPattern, isTagPattern } from "../oci/glob_pattern.ts";
import { ACTIONS } from "../oci/mod.ts";
import { parseText } from "./config_text.ts";
import { expected, mismatch, ofKind } from "./schema_parts.ts";
import { duration, oneOf, size, toggle } from "./setting_kinds.ts";

/** Maximum entries of a list: a request may check each of them. */
const MAX_ENTRIES = 1000;

function list<T>(entry: z.ZodMiniType<T, unknown>, what: string, min = 1) {
  return z.array(entry, expected(`a list of ${what}`)).check(
    z.minLength(min, `Expected a list of ${what}, got an empty one`),
    z.maxLength(MAX_ENTRIES, `Expected a list of ${what}, ${MAX_ENTRIES} at most`),
  );
}

/** Text that passes a test. */
function checkedText(what: string, test: (text: string) => boolean): z.ZodMiniType<string, unknown> {
  return z.string(expected(what)).check(z.refine(test, expected(what)));
}

/** A map whose keys the configuration chooses. */
function mapOf<T>(
  key: (name: string) => boolean,
  keys: string,
  value: z.ZodMiniType<T, unknown>,
  map: string | { error: (issue: { input?: unknown }) => string },
): z.ZodMiniType<Record<string, T>, unknown> {
  const named = z.unknown().check(z.superRefine((input, context) => {
    if (typeof input !== "object" || input === null || Array.isArray(input)) return;
    for (const name of Object.keys(input)) {
      // A record leaves out this one without a word: of a condition, there would be less to hold.
      if (key(name) && name !== "__proto__") continue;
      // The name may be a whole htpasswd line, with the hash.
      const path = name.includes("$") ? [] : [name];
      context.addIssue({ code: "custom", path, message: `Expected ${keys}` });
    }
  }));
  return z.pipe(named, z.record(z.string(), value, map));
}

/** Printable ASCII without characters that end a quoted string (RFC 9110 §5.6.4), because it is part of a challenge. */
const quotable = checkedText(
  "text of up to 255 printable ASCII characters without quotes or backslashes",
  (text) => /^[\x21\x23-\x5b\x5d-\x7e]{1,255}$/.test(text),
);

/** No message contains the value: it may be the keys or hashes themselves. */
const path = z.string("Expected a path").check(
  z.refine((text) => text !== "" && !text.includes("\0"), "Expected a path"),
);

/**
 * True if keys can be fetched from this URL safely: HTTPS, or HTTP on this host. Keys over plain HTTP can be forged.
 */
function isSafeUrl(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || url.username + url.password + url.hash !== "") return false;
  return url.protocol === "https:" ||
    (url.protocol === "http:" && /^(localhost|127\.[\d.]+|\[::1\])$/.test(url.hostname));
}

const safeUrl = checkedText("a URL with https:, or http: on this machine", isSafeUrl);

const origin = z.pipe(
  checkedText('a URL such as "https://registry.example.com", without a path', (text) => {
    const url = URL.parse(text);
    return url !== null && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/` &&
      !/[?#]/.test(text);
  }),
  z.transform((text) => new URL(text).origin),
);

const repositoryPattern = checkedText(
  'a pattern of repositories such as "team/*" or "team/**"',
  isRepositoryPattern,
);
const repositories = list(repositoryPattern, "patterns of repositories");
const tagPattern = checkedText('a pattern of tags such as "v*"', isTagPattern);
const subject = checkedText(
  '"anonymous", "authenticated", or a name after "user:", "robot:", "workload:", "certificate:", "external:", "oidc:" ' +
    'or "group:"',
  (text) => parseSubject(text) !== undefined,
);

/** A claim's pattern; ids are often written as numbers. */
const claimPattern = z.pipe(
  z.unknown(),
  z.transform((input, context): string => {
    const isPlain = typeof input === "string" || typeof input === "boolean" || Number.isSafeInteger(input);
    const pattern = String(input);
    if (isPlain && pattern !== "" && pattern.length <= 1024) return pattern;
    context.issues.push({ code: "custom", message: mismatch("a pattern of a claim", input), input });
    return z.NEVER;
  }),
);

const where = mapOf(
  (claim) => claim !== "" && claim.length <= 256,
  "the name of a claim",
  z.pipe(
    z.pipe(z.unknown(), z.transform((input) => Array.isArray(input) ? input : [input])),
    list(claimPattern, "patterns"),
  ),
  expected("a map of claims, each with a pattern or a list of them"),
).check(z.refine((claims) => Object.keys(claims).length > 0, "Expected at least one claim"));

const allowRule = z.strictObject({
  to: list(subject, "subjects"),
  actions: list(z.enum(ACTIONS, expected(oneOf(...ACTIONS).expected)), "actions"),
  where: z.exactOptional(where),
}, expected("a map with to, actions and where"));

const policyRule = z.strictObject({
  repositories,
  allow: list(allowRule, "allow entries", 0),
}, expected("a map with repositories and allow"));

const immutableRule = z.strictObject({
  repositories,
  tags: z._default(list(tagPattern, "patterns of tags"), ["*"]),
  except: z._default(list(tagPattern, "patterns of tags", 0), []),
}, expected("a map with repositories, tags and except"));

const issuer = z.strictObject({
  name: checkedText('a name such as "github"', isPlainName),
  issuer: safeUrl,
  audiences: z.exactOptional(list(checkedText("an audience", (text) => text !== ""), "audiences")),
  jwksUri: z.exactOptional(safeUrl),
  subject: z._default(checkedText("the name of a claim", (text) => text !== ""), "sub"),
  // There is no end of a job to tell us, so its token must end soon.
  tokenLifetime: z.prefault(ofKind(duration("1m", "12h")), "1h"),
}, expected("a map with name, issuer, audiences, jwksUri, subject and tokenLifetime"));

const provider = z.strictObject({
  name: checkedText('a name such as "company"', isPlainName),
  issuer: safeUrl,
  clientId: checkedText("the id of a client", (text) => text !== ""),
  // No message contains the secret.
  clientSecret: z.exactOptional(
    z.string("Expected the secret of a client").check(
      z.refine((text) => text !== "", "Expected the secret of a client"),
    ),
  ),
  scopes: z._default(
    list(checkedText("a scope", (text) => /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(text)), "scopes").check(
      z.refine((scopes) => scopes.includes("openid"), 'Expected "openid" among the scopes'),
    ),
    ["openid"],
  ),
  subject: z._default(checkedText("the name of a claim", (text) => text !== ""), "sub"),
}, expected("a map with name, issuer, clientId, clientSecret, scopes and subject"));

const external = z.strictObject({
  realm: safeUrl,
  issuer: checkedText("the issuer of the tokens", (text) => text !== ""),
  service: quotable,
  keys: path,
}, expected("a map with realm, issuer, service and keys"));

const isCidr = (text: string) =>
  ipaddr.IPv4.isValidCIDRFourPartDecimal(text) || ipaddr.IPv6.isValidCIDR(text);

const proxy = z.strictObject({
  trusted: list(checkedText('addresses as CIDR, such as "10.0.0.0/8"', isCidr), "addresses as CIDR"),
  // A token of RFC 9110 §5.6.2.
  identityHeader: z.exactOptional(
    checkedText("the name of a header", (text) => /^[\w!#$%&'*+.^`|~-]{1,128}$/.test(text)),
  ),
  forwardedFor: z.prefault(ofKind(toggle), "off"),
  forwardedHost: z.prefault(ofKind(toggle), "off"),
}, expected("a map with trusted, identityHeader, forwardedFor and forwardedHost"));

const count = expected("a whole number from 0 to 1000000");
const upTo = (fallback: number) =>
  z._default(z.int(count).check(z.minimum(0, count), z.maximum(1_000_000, count)), fallback);

const limits = z.strictObject({
  requestsPerMinute: upTo(0),
  failedLogins: upTo(5),
  openUploads: upTo(100),
  openUploadBytes: z.prefault(ofKind(size("0", "1024TiB")), "100GiB"),
}, expected("a map with requestsPerMinute, failedLogins, openUploads and openUploadBytes"));

const quota = z.strictObject({
  repositories: repositoryPattern,
  bytes: ofKind(size("0", "1024TiB")),
}, expected("a map with repositories and bytes"));

/**
 * Bcrypt hashes up to cost 14. Each step of the cost doubles the time of a login; 14 takes about a second of one core.
 */
const BCRYPT = /^\$2[aby]\$(0[4-9]|1[0-4])\$[./A-Za-z0-9]{53}$/;

/** No message shows a hash. */
const users = mapOf(
  (name) => /^[^\p{C}\s:*]{1,128}$/u.test(name) && !BCRYPT.test(name),
  "a name without spaces, colons or asterisks",
  z.string("Expected a bcrypt hash").check(z.regex(BCRYPT, "Expected a bcrypt hash with a cost of 4 to 14")),
  "Expected a map of names, each with a bcrypt hash",
);

const groups = mapOf(
  isPlainName,
  'a name such as "team"',
  list(subject, "subjects", 0),
  expected("a map of groups"),
);

const shape = z.strictObject({
  url: origin,
  service: z.exactOptional(quotable),
  challenge: z.prefault(ofKind(oneOf("bearer", "basic")), "bearer"),
  // Checked as a request begins, so that it need only last from a login to the last blob's first byte. Some clients
  // take no new one before that.
  tokenLifetime: z.prefault(ofKind(duration("1m", "1d")), "15m"),
  refreshLifetime: z.prefault(ofKind(duration("1h")), "90d"),
  credentialLifetime: z.exactOptional(ofKind(duration("1h"))),
  keys: z.exactOptional(path),
  htpasswd: z.exactOptional(path),
  users: z.exactOptional(users),
  issuers: z._default(list(issuer, "issuers", 0), []),
  login: z.exactOptional(provider),
  external: z.exactOptional(external),
  proxy: z.exactOptional(proxy),
  administrators: z._default(list(subject, "subjects", 0), []),
  groups: z._default(groups, {}),
  policies: z._default(list(policyRule, "policies", 0), []),
  immutable: z._default(list(immutableRule, "rules", 0), []),
  limits: z.prefault(limits, {}),
  quotas: z._default(list(quota, "quotas", 0), []),
}, "Expected a map");

/** Schema of `auth`, with all defaults. */
export const accessSchema: z.ZodMiniType<AccessConfig, unknown> = z.pipe(
  shape,
  z.transform(({ issuers, ...rest }, context): AccessConfig => {
    const { service = new URL(rest.url).host } = rest;
    const config = {
      ...rest,
      service,
      issuers: issuers.map((issuer) => ({ ...issuer, audiences: issuer.audiences ?? [service] })),
    };
    for (const { path, message } of crossChecks(config)) {
      context.issues.push({ code: "custom", path, message, input: undefined });
    }
    return config;
  }),
);

/** Parses a value, or the text of one, by {@linkcode accessSchema}. Answers the result or the problems. */
export async function readAccess(
  input: unknown,
): Promise<{ data?: AccessConfig; issues: z.core.$ZodIssue[] }> {
  if (typeof input !== "string") return parseAccess(input);
  const parsed = await parseText(input);
  if ("value" in parsed) return parseAccess(parsed.value);
  return {
    issues: parsed.problems.map(({ line, column, message }) => ({
      code: "custom",
      path: [],
      message: `Line ${line}, column ${column}: ${message}`,
    })),
  };
}

function parseAccess(input: unknown): { data?: AccessConfig; issues: z.core.$ZodIssue[] } {
  const { data, error } = accessSchema.safeParse(input);
  return data === undefined ? { issues: error!.issues } : { data, issues: [] };
}
