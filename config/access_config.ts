import { crossChecks, isPlainName, parseCidr, parseSubject } from "../auth/rules.ts";
import type {
  AllowRule,
  ExternalConfig,
  IssuerConfig,
  LimitsConfig,
  PolicyRule,
  ProxyConfig,
} from "../auth/interface.ts";
import type { ImmutableRule, QuotaRule } from "../registry/mod.ts";
import type { AccessConfig } from "./configuration.ts";
import { isRepositoryPattern, isTagPattern } from "../oci/pattern.ts";
import { ACTIONS } from "../oci/action.ts";
import { parseText } from "./config_text.ts";
import {
  defaulting,
  fields,
  integer,
  isMap,
  list,
  mismatch,
  optional,
  parse,
  type Parsed,
  type Place,
  type Schema,
  text,
  then,
  word,
} from "../oci/schema.ts";
import { ofKind } from "./schema_parts.ts";
import { duration, oneOf, size, toggle } from "./setting_kinds.ts";

/** Maximum entries of a list: a request may check each of them. */
const MAX_ENTRIES = 1000;

function listOf<T>(entry: Schema<T>, what: string, min = 1): Schema<T[]> {
  return list(entry, {
    what: `a list of ${what}`,
    min: [min, `Expected a list of ${what}, got an empty one`],
    max: [MAX_ENTRIES, `Expected a list of ${what}, ${MAX_ENTRIES} at most`],
  });
}

/** A map whose keys the configuration chooses. */
function mapOf<T>(
  key: (name: string) => boolean,
  keys: string,
  value: Schema<T>,
  refusal: (input: unknown) => string,
): Schema<Record<string, T>> {
  return (input, place) => {
    if (!isMap(input)) return place.refuse(refusal(input));
    // Code that copies a map by assignment loses the key `__proto__`.
    const wrong = Object.keys(input).filter((name) => !key(name) || name === "__proto__");
    for (const name of wrong) {
      // The name may be a whole htpasswd line, with the hash.
      (name.includes("$") ? place : place.at(name)).refuse(`Expected ${keys}`);
    }
    if (wrong.length > 0) return undefined;
    return Object.fromEntries(
      Object.entries(input).map(([name, entry]) => [name, value(entry, place.at(name)) as T]),
    );
  };
}

/** Printable ASCII without characters that end a quoted string (RFC 9110 §5.6.4), because it is part of a challenge. */
const quotable = text(
  "text of up to 255 printable ASCII characters without quotes or backslashes",
  (text) => /^[\x21\x23-\x5b\x5d-\x7e]{1,255}$/.test(text),
);

/** No message contains the value: it may be the keys or hashes themselves. */
const path: Schema<string> = (input, place) =>
  typeof input === "string" && input !== "" && !input.includes("\0")
    ? input
    : place.refuse("Expected a path");

/**
 * True if keys can be fetched from this URL safely: HTTPS, or HTTP on this host. Keys over plain HTTP can be forged.
 */
function isSafeUrl(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || url.username + url.password + url.hash !== "") return false;
  return url.protocol === "https:" ||
    (url.protocol === "http:" && /^(localhost|127\.[\d.]+|\[::1\])$/.test(url.hostname));
}

const safeUrl = text("a URL with https:, or http: on this machine", isSafeUrl);

const origin = then(
  text('a URL such as "https://registry.example.com", without a path', (text) => {
    const url = URL.parse(text);
    return url !== null && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/` &&
      !/[?#]/.test(text);
  }),
  (text) => new URL(text).origin,
);

const repositoryPattern = text(
  'a pattern of repositories such as "team/*" or "team/**"',
  isRepositoryPattern,
);
const repositories = listOf(repositoryPattern, "patterns of repositories");
const tagPattern = text('a pattern of tags such as "v*"', isTagPattern);
const subject = text(
  '"anonymous", "authenticated", or a name after "user:", "robot:", "workload:", "certificate:", "external:" or ' +
    '"group:"',
  (text) => parseSubject(text) !== undefined,
);

/** A claim's pattern; ids are often written as numbers. */
const claimPattern: Schema<string> = (input, place) => {
  const isPlain = typeof input === "string" || typeof input === "boolean" || Number.isSafeInteger(input);
  const pattern = String(input);
  const isPattern = isPlain && pattern !== "" && pattern.length <= 1024;
  return isPattern ? pattern : place.refuse(mismatch("a pattern of a claim", input));
};

/** A pattern of a claim, or a list of them. */
const claimPatterns: Schema<string[]> = (input, place) =>
  listOf(claimPattern, "patterns")(Array.isArray(input) ? input : [input], place);

const where = then(
  mapOf(
    (claim) => claim !== "" && claim.length <= 256,
    "the name of a claim",
    claimPatterns,
    (input) => mismatch("a map of claims, each with a pattern or a list of them", input),
  ),
  (claims, place) => Object.keys(claims).length > 0 ? claims : place.refuse("Expected at least one claim"),
);

const allowRule = fields<AllowRule>("a map with to, actions and where", {
  to: listOf(subject, "subjects"),
  actions: listOf(word(ACTIONS, oneOf(...ACTIONS).expected), "actions"),
  where: optional(where),
});

const policyRule = fields<PolicyRule>("a map with repositories and allow", {
  repositories,
  allow: listOf(allowRule, "allow entries", 0),
});

const immutableRule = fields<ImmutableRule>("a map with repositories, tags and except", {
  repositories,
  tags: defaulting(listOf(tagPattern, "patterns of tags"), ["*"]),
  except: defaulting(listOf(tagPattern, "patterns of tags", 0), []),
});

/** An issuer as it is written: the audiences can be absent. */
type WrittenIssuer = Omit<IssuerConfig, "audiences"> & { audiences?: string[] };

const issuer = fields<WrittenIssuer>(
  "a map with name, issuer, audiences, jwksUri, subject and tokenLifetime",
  {
    name: text('a name such as "github"', isPlainName),
    issuer: safeUrl,
    audiences: optional(listOf(text("an audience", (text) => text !== ""), "audiences")),
    jwksUri: optional(safeUrl),
    subject: defaulting(text("the name of a claim", (text) => text !== ""), "sub"),
    // There is no end of a job to tell us, so its token must end soon.
    tokenLifetime: defaulting(ofKind(duration("1m", "12h")), "1h"),
  },
);

const external = fields<ExternalConfig>("a map with realm, issuer, service and keys", {
  realm: safeUrl,
  issuer: text("the issuer of the tokens", (text) => text !== ""),
  service: quotable,
  keys: path,
});

const proxy = fields<ProxyConfig>("a map with trusted, identityHeader, forwardedFor and forwardedHost", {
  trusted: listOf(
    text('addresses as CIDR, such as "10.0.0.0/8"', (range) => parseCidr(range) !== undefined),
    "addresses as CIDR",
  ),
  // A token of RFC 9110 §5.6.2.
  identityHeader: optional(text("the name of a header", (text) => /^[\w!#$%&'*+.^`|~-]{1,128}$/.test(text))),
  forwardedFor: defaulting(ofKind(toggle), "off"),
  forwardedHost: defaulting(ofKind(toggle), "off"),
});

const upTo = (fallback: number) => defaulting(integer(0, 1_000_000), fallback);

const limits = fields<LimitsConfig>(
  "a map with requestsPerMinute, failedLogins, openUploads and openUploadBytes",
  {
    requestsPerMinute: upTo(0),
    failedLogins: upTo(5),
    openUploads: upTo(100),
    openUploadBytes: defaulting(ofKind(size("0", "1024TiB")), "100GiB"),
  },
);

const quota = fields<QuotaRule>("a map with repositories and bytes", {
  repositories: repositoryPattern,
  bytes: ofKind(size("0", "1024TiB")),
});

/**
 * Bcrypt hashes up to cost 14. Each step of the cost doubles the time of a login; 14 takes about a second of one core.
 */
const BCRYPT = /^\$2[aby]\$(0[4-9]|1[0-4])\$[./A-Za-z0-9]{53}$/;

/** No message shows a hash. */
const bcryptHash: Schema<string> = (input, place) => {
  if (typeof input !== "string") return place.refuse("Expected a bcrypt hash");
  return BCRYPT.test(input) ? input : place.refuse("Expected a bcrypt hash with a cost of 4 to 14");
};

const users = mapOf(
  (name) => /^[^\p{C}\s:*]{1,128}$/u.test(name) && !BCRYPT.test(name),
  "a name without spaces, colons or asterisks",
  bcryptHash,
  () => "Expected a map of names, each with a bcrypt hash",
);

const groups = mapOf(
  isPlainName,
  'a name such as "team"',
  listOf(subject, "subjects", 0),
  (input) => mismatch("a map of groups", input),
);

/** The configuration as it is written: some defaults depend on other settings. */
type Written = Omit<AccessConfig, "service" | "issuers"> & { service?: string; issuers: WrittenIssuer[] };

const written = fields<Omit<Written, "file">>("a map", {
  url: origin,
  service: optional(quotable),
  challenge: defaulting(ofKind(oneOf("bearer", "basic")), "bearer"),
  // Checked as a request begins, so that it need only last from a login to the last blob's first byte. Some clients
  // take no new one before that.
  tokenLifetime: defaulting(ofKind(duration("1m", "1d")), "15m"),
  refreshLifetime: defaulting(ofKind(duration("1h")), "90d"),
  credentialLifetime: optional(ofKind(duration("1h"))),
  keys: optional(path),
  htpasswd: optional(path),
  users: optional(users),
  issuers: defaulting(listOf(issuer, "issuers", 0), []),
  external: optional(external),
  proxy: optional(proxy),
  administrators: defaulting(listOf(subject, "subjects", 0), []),
  groups: defaulting(groups, {}),
  policies: defaulting(listOf(policyRule, "policies", 0), []),
  immutable: defaulting(listOf(immutableRule, "rules", 0), []),
  limits: defaulting(limits, {}),
  quotas: defaulting(listOf(quota, "quotas", 0), []),
});

/** Schema of `auth`, with all defaults. */
const accessSchema: Schema<AccessConfig> = then(
  // No message shows a text in place of the map: it may be a hash.
  (input, place) => isMap(input) ? written(input, place) : place.refuse("Expected a map"),
  ({ issuers, ...rest }, place) => {
    const { service = new URL(rest.url).host } = rest;
    const config = {
      ...rest,
      service,
      issuers: issuers.map((issuer) => ({ ...issuer, audiences: issuer.audiences ?? [service] })),
    };
    for (const { path, message } of crossChecks(config)) {
      path.reduce<Place>((at, key) => at.at(key), place).refuse(message);
    }
    return config;
  },
);

/** Parses a value, or the text of one, by {@linkcode accessSchema}. */
export async function readAccess(input: unknown): Promise<Parsed<AccessConfig>> {
  if (typeof input !== "string") return parse(accessSchema, input);
  const parsed = await parseText(input);
  if ("value" in parsed) return parse(accessSchema, parsed.value);
  return {
    issues: parsed.problems.map(({ line, column, message }) => ({
      path: [],
      message: `Line ${line}, column ${column}: ${message}`,
    })),
  };
}
