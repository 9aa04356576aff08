import manifest from "../../deno.json" with { type: "json" };
import { type ApiAccess, createApi, type Question, sealApi, type SealedApi } from "../../api/mod.ts";
import {
  ANONYMOUS,
  type AuthConfig,
  formatGrant,
  type Principal,
  type PrincipalKind,
} from "../../auth/interface.ts";
import type { AccountTokenInfo } from "../../auth/mod.ts";
import { parseSubject } from "../../auth/rules.ts";
import type { Config } from "../../config/mod.ts";
import { RegistryError } from "../../oci/mod.ts";
import type { Registry, StoredRegistry } from "../../registry/mod.ts";
import type { SignatureVerifier } from "../../trust/interface.ts";
import type { OpenAccess } from "./open_access.ts";

/** Parts of the API that {@linkcode openApi} makes. */
export interface ApiParts {
  /** Configuration whose rules answers show. */
  config: Pick<Config, "auth" | "deleteManifests" | "deleteTags" | "readOnly" | "retention" | "verify">;
  /** Verifies signatures. */
  signatures?: SignatureVerifier;
  /** Registry with its cache and restrictions, which does not record pulls. */
  registry: Registry;
  /** The stored registry, for reads of the table and previews of background work. */
  stored: StoredRegistry;
  /** Access control. */
  access: OpenAccess | undefined;
  /** True if the storage works. */
  ready: () => Promise<boolean>;
  /** Warnings for the operator. */
  warnings: () => string[];
}

/** The API of pages and JSON answers. */
export async function openApi(
  { config, registry, stored, access, signatures, ready, warnings }: ApiParts,
): Promise<SealedApi> {
  const { auth, retention } = config;
  return sealApi(createApi({
    registry,
    explorer: await stored.explore(),
    rules: {
      immutable: auth?.immutable ?? [],
      quotas: auth?.quotas ?? [],
      deletes: { tags: config.deleteTags, manifests: config.deleteManifests },
      readOnly: config.readOnly,
      ...(config.verify.length > 0 && { signatures: await signatureModes(config.verify) }),
      recordsPulls: retention.some(({ keepTags }) =>
        keepTags?.some(({ pulledWithin }) => pulledWithin !== undefined)
      ),
    },
    ...(signatures && { signatures }),
    events: () => stored.events(),
    ...(auth && { access: accessOf(auth, access) }),
    upkeep: {
      previewCollection: (after) => stored.collect({ dryRun: true, ...(after && { after }) }),
      previewRetention: (repository) => stored.retain(retention, { dryRun: true, repository }),
      retentionRules: retention.length,
    },
    process: { version: manifest.version, startedAt: performance.timeOrigin, ready, warnings },
  }));
}

/** Mode of the rules of `verify` for a repository: the strictest one. */
async function signatureModes(
  rules: Config["verify"],
): Promise<(repository: string) => "audit" | "enforce" | undefined> {
  const { globMatcher } = await import("../../oci/glob.ts");
  const modes = rules.map(({ repositories, mode }) => ({ covers: globMatcher(repositories), mode }));
  return (repository) => {
    const found = modes.filter(({ covers }) => covers(repository)).map(({ mode }) => mode);
    return found.includes("enforce") ? "enforce" : found[0];
  };
}

function accessOf(auth: AuthConfig, access: OpenAccess | undefined): ApiAccess {
  const logins = access?.logins;
  if (logins === undefined) return { kind: "external" };
  const { policy, users, accountTokens: { accountTokens } } = logins;
  return {
    kind: "accounts",
    grantsOf(name) {
      // Claims that the name does not tell decide for a workload.
      if (name.startsWith("workload:")) return undefined;
      return policy.grantsOf({ kind: name.split(":", 1)[0] as PrincipalKind, name });
    },
    async explain({ who, action, repository, claims = {} }: Question) {
      const principal = principalOf(who, claims, auth);
      if (principal.kind === "user" && await users.find(who.slice("user:".length)) === undefined) {
        return { who, action, repository, allowed: false, because: [`Unknown user "${who}"`] };
      }
      const { allowed, because } = policy.explain(principal, action, repository);
      return { who, action, repository, allowed, because };
    },
    async listTokens({ n = 1000, last }) {
      const { tokens, next } = await accountTokens.list({
        limit: n,
        ...(last !== undefined && { after: last }),
      });
      return { tokens: tokens.map(describeToken), ...(next !== undefined && { next }) };
    },
  };
}

/**
 * Principal of a question to the policies.
 *
 * @throws {RegistryError} 400 for a text that names none.
 */
function principalOf(who: string, claims: Question["claims"] & object, { issuers }: AuthConfig): Principal {
  const parts = parseSubject(who);
  switch (parts?.kind) {
    case "anonymous":
      return ANONYMOUS;
    case "user":
    case "robot":
    case "certificate":
      return { kind: parts.kind, name: who };
    case "workload":
      if (!issuers.some(({ name }) => name === parts.name)) break;
      return { kind: "workload", name: `${who}:test`, issuer: parts.name, claims };
  }
  const message = "Expected anonymous, user:NAME, robot:NAME, certificate:NAME or workload:ISSUER";
  throw new RegistryError("UNSUPPORTED", message, { status: 400 });
}

function describeToken(
  { createdAt, expiresAt, usedAt, bounds, withoutAccount: _, ...rest }: AccountTokenInfo,
) {
  const timeOf = (milliseconds: number) => new Date(milliseconds).toISOString();
  return {
    ...rest,
    ...(bounds && { grants: bounds.map(formatGrant) }),
    createdAt: timeOf(createdAt),
    ...(expiresAt !== undefined && { expiresAt: timeOf(expiresAt) }),
    ...(usedAt !== undefined && { usedAt: timeOf(usedAt) }),
  };
}
