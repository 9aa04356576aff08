import { decodeJwt, jwtVerify } from "jose";
import { RegistryError } from "../../oci/mod.ts";
import type { IssuerConfig } from "../auth_config.ts";
import { textClaims } from "./claims.ts";
import { JwksSource, type JwksSourceOptions } from "./jwks_source.ts";
import type { PasswordSource } from "../passwords/mod.ts";
import type { Principal } from "../principal.ts";
import { LEEWAY_SECONDS, MAX_TOKEN_CHARACTERS } from "../token_limits.ts";

/** Accepted algorithms. None with a shared secret, because a public key could be misused as the secret. */
const ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"];

/** Maximum age of an ID token in seconds, whatever expiry its issuer has set. */
const MAX_AGE_SECONDS = 24 * 60 * 60;

/** Maximum characters of the claim that names a workload. */
const MAX_SUBJECT_CHARACTERS = 512;

/** Options of {@linkcode createWorkloads}. */
export interface WorkloadsOptions extends Pick<JwksSourceOptions, "timeout" | "now"> {
  /** Sources of keys that are in use already; those of further issuers are added. */
  sources?: Map<string, JwksSource>;
}

/**
 * Authenticates workloads by ID tokens of these issuers, sent as a password with any user name. `verify` throws a
 * `RegistryError` with 503 if the keys of an issuer cannot be fetched.
 *
 * @throws {TypeError} for an issuer's URL that is not safe to fetch.
 */
export function createWorkloads(
  issuers: readonly IssuerConfig[],
  { sources = new Map(), ...options }: WorkloadsOptions = {},
): PasswordSource {
  const { now = Date.now } = options;
  const known = new Map(issuers.map((config) => [config.issuer, {
    config,
    keys: sourceOf(config, sources, options),
  }]));

  return {
    async verify(_username, password) {
      const { config, keys } = known.get(issuerIn(password) ?? "") ?? {};
      if (config === undefined || keys === undefined) return undefined;
      try {
        const { payload } = await jwtVerify(password, (header) => keys.get(header), {
          algorithms: ALGORITHMS,
          issuer: config.issuer,
          audience: config.audiences,
          requiredClaims: ["exp"],
          maxTokenAge: MAX_AGE_SECONDS,
          clockTolerance: LEEWAY_SECONDS,
          currentDate: new Date(now()),
        });
        return workloadOf(payload, config, now());
      } catch (error) {
        if (error instanceof RegistryError) throw error;
        // Every other problem means that the token is not valid, and the client does not learn why.
        return undefined;
      }
    },
  };
}

/** Source of the issuer's keys, with the keys that it has fetched before. */
function sourceOf(
  config: IssuerConfig,
  sources: Map<string, JwksSource>,
  options: Pick<JwksSourceOptions, "timeout" | "now">,
): JwksSource {
  const id = JSON.stringify(pick(config));
  const source = sources.get(id) ?? new JwksSource({ ...options, ...pick(config) });
  sources.set(id, source);
  return source;
}

function pick({ issuer, jwksUri }: IssuerConfig): Pick<JwksSourceOptions, "issuer" | "jwksUri"> {
  return jwksUri === undefined ? { issuer } : { issuer, jwksUri };
}

/**
 * Issuer that a token claims. It is looked up among the configured issuers; the registry never fetches a URL from a
 * token.
 */
function issuerIn(token: string): string | undefined {
  if (token.length > MAX_TOKEN_CHARACTERS || !/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) return undefined;
  try {
    return decodeJwt(token).iss;
  } catch {
    return undefined;
  }
}

function workloadOf(
  payload: Readonly<Record<string, unknown>>,
  config: IssuerConfig,
  now: number,
): Principal | undefined {
  const subject = Object.hasOwn(payload, config.subject) ? payload[config.subject] : undefined;
  const name = Number.isSafeInteger(subject) ? String(subject) : subject;
  // The name is written to logs, histories and policies.
  if (typeof name !== "string" || name.length > MAX_SUBJECT_CHARACTERS || !/^\P{C}+$/u.test(name)) {
    return undefined;
  }
  return {
    kind: "workload",
    name: `workload:${config.name}:${name}`,
    issuer: config.name,
    claims: textClaims(payload),
    expiresAt: now + config.tokenLifetime,
  };
}
