import { decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from "jose";
import type { Action, RepositoryName } from "../../oci/mod.ts";
import type { ExternalConfig } from "../auth_config.ts";
import { type BearerTokens, InvalidTokenError, type VerifiedToken } from "../bearer.ts";
import { parseKeyFile, type PublicKey } from "../keys/mod.ts";
import { LEEWAY_SECONDS, MAX_TOKEN_CHARACTERS } from "../token_limits.ts";
import { WatchedFile, type WatchedFileOptions } from "../watched_file.ts";

/** Maximum characters of a name. */
const MAX_NAME_CHARACTERS = 256;

/** Actions of the registry that each action of a scope grants. */
const GRANTED: Readonly<Record<string, readonly Action[]>> = {
  pull: ["pull"],
  push: ["push", "overwrite"],
  delete: ["delete"],
  "*": ["pull", "push", "overwrite", "delete", "administer"],
};

/**
 * Verifies tokens of an external token server, in the format of CNCF distribution's "Token Authentication
 * Implementation". Reads its keys again when their file changes.
 *
 * @throws {TypeError} for a file without usable keys, and every error of reading it.
 */
export async function openExternalTokens(
  config: ExternalConfig,
  options: WatchedFileOptions,
): Promise<BearerTokens> {
  const { now = Date.now } = options;
  const file = await WatchedFile.open(config.keys, parseKeyFile, options);
  return {
    async verify(token) {
      const keys = await file.current();
      try {
        return tokenOf(await verifiedBy(keys, token, config, now()));
      } catch (cause) {
        throw new InvalidTokenError("Token is not valid", { cause });
      }
    },
  };
}

/**
 * Claims of a token signed by one of these keys. Keys and certificates in the token itself are ignored
 * (CVE-2025-24976).
 */
async function verifiedBy(
  keys: readonly PublicKey[],
  token: string,
  { issuer, service }: ExternalConfig,
  now: number,
): Promise<JWTPayload> {
  if (token.length > MAX_TOKEN_CHARACTERS) throw new RangeError("Token is too long");
  const { alg = "", kid } = decodeProtectedHeader(token);
  for (const { jwk, algorithms } of keys) {
    // Keys from PEM have no id, and token servers don't agree on one for them.
    const fits = algorithms.includes(alg) && (jwk.kid === undefined || kid === undefined || jwk.kid === kid);
    if (!fits) continue;
    try {
      const { payload } = await jwtVerify(token, jwk, {
        algorithms: [alg],
        issuer,
        audience: service,
        requiredClaims: ["exp"],
        clockTolerance: LEEWAY_SECONDS,
        currentDate: new Date(now),
      });
      return payload;
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
    }
  }
  throw new errors.JWKSNoMatchingKey();
}

function tokenOf({ sub = "", exp = 0, access }: JWTPayload): VerifiedToken {
  // The name is written to logs and histories. An anonymous token has an empty one.
  if (typeof sub !== "string" || sub.length > MAX_NAME_CHARACTERS || !/^\P{C}*$/u.test(sub)) {
    throw new TypeError("Token names no account");
  }
  const entries: { type?: unknown; name?: unknown; actions?: unknown }[] = Array.isArray(access)
    ? access.map(Object)
    : [];
  const expiresAt = exp * 1000;
  const granted = grantedBy(entries);
  return {
    principal: { kind: "external", name: `external:${sub}`, expiresAt },
    expiresAt,
    catalog: entries.some(({ type, name, actions }) =>
      type === "registry" && name === "catalog" && Array.isArray(actions) && actions.includes("*")
    ),
    grants: (action: Action, repository: RepositoryName) => granted.get(repository)?.has(action) ?? false,
  };
}

function grantedBy(
  entries: { type?: unknown; name?: unknown; actions?: unknown }[],
): Map<string, Set<Action>> {
  const granted = new Map<string, Set<Action>>();
  for (const { type, name, actions } of entries) {
    if ((type !== "repository" && type !== "repository(plugin)") || typeof name !== "string") continue;
    const ofName = granted.get(name) ?? new Set();
    for (const action of Array.isArray(actions) ? actions : []) {
      if (typeof action !== "string" || !Object.hasOwn(GRANTED, action)) continue;
      for (const each of GRANTED[action]!) ofName.add(each);
    }
    granted.set(name, ofName);
  }
  return granted;
}
