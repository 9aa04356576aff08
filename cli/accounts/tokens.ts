import { AccountTokenError, formatGrant, readGrant } from "../../auth/interface.ts";
import type { AccountTokenInfo, AccountTokenOwner } from "../../auth/mod.ts";
import { plainField } from "../../process/mod.ts";
import { type Config, duration, StartError } from "../../config/mod.ts";
import { linkedPages } from "../../storage/ports.ts";
import { withAccountTokens } from "./access.ts";
import { openAudit } from "../audit.ts";
import { MisuseError } from "../command.ts";
import { counted } from "../counted.ts";

/** Owner of a token: one of the two. */
export interface TokenOwner {
  /** The name of a robot. */
  robot: string | undefined;
  /** The name of a user. */
  user: string | undefined;
}

/** Arguments of `skerry token create`. */
export interface TokenWish extends TokenOwner {
  /** Restrictions, each as `pull,push:team/**`. */
  grants: string[];
  /** Lifetime, such as `90d`. */
  expires: string | undefined;
  /** Purpose, as free text. */
  description: string | undefined;
}

/** Tokens that are read at a time. */
const PAGE_TOKENS = 100;

const LIFETIME = duration("1m");

/**
 * `skerry token create`: prints a new account token, which cannot be shown again.
 *
 * @returns The exit code.
 * @throws {StartError} if such a token cannot be created.
 */
export async function createToken(
  config: Config,
  print: (text: string) => void,
  { grants, expires, description, ...named }: TokenWish,
): Promise<number> {
  const owner = ownerOf(named);
  if (owner === undefined) throw new MisuseError("Missing --robot NAME or --user NAME");
  const lifetime = expires === undefined ? undefined : LIFETIME.read(expires);
  if (expires !== undefined && lifetime === undefined) {
    throw new MisuseError(`Expected ${LIFETIME.expected}, got "${expires}"`);
  }
  const bounds = grants.map((text) => {
    const grant = readGrant(text);
    if (grant === undefined) {
      throw new MisuseError(`Expected a grant such as "pull,push:team/**", got "${text}"`);
    }
    return grant;
  });
  return await withAccountTokens(config, async ({ accountTokens }) => {
    const { text, info } = await explained(() =>
      accountTokens.create({
        ...owner,
        ...(description !== undefined && { description }),
        ...(bounds.length > 0 && { bounds }),
        ...(lifetime !== undefined && { expiresAt: Date.now() + lifetime }),
        createdBy: "operator",
      })
    );
    await using audit = openAudit(config);
    audit.record({ action: "credential.create", credential: info.id, owner: `${info.kind}:${info.name}` });
    console.error(`Token ${info.id} of ${info.kind} ${info.name}; it is not shown again:`);
    print(text);
    return 0;
  });
}

/**
 * `skerry token list`: prints all account tokens, or those of one owner, without the text that logs in.
 *
 * @returns The exit code.
 * @throws {StartError} if authentication is not configured.
 */
export async function listTokens(
  config: Config,
  print: (text: string) => void,
  { json, ...named }: TokenOwner & { json: boolean },
): Promise<number> {
  const owner = ownerOf(named);
  return await withAccountTokens(config, async ({ accountTokens }) => {
    const pages = linkedPages((from: { after?: string }) =>
      accountTokens.list({ limit: PAGE_TOKENS, ...(owner && { owner }), ...from })
    );
    for await (const page of pages) {
      for (const token of page.tokens) print(json ? JSON.stringify(token) : lineOf(token));
    }
    return 0;
  });
}

/**
 * `skerry token revoke`: revokes an account token; processes that have it in memory accept it for one more minute at
 * most.
 *
 * @returns The exit code.
 * @throws {StartError} if the token does not exist.
 */
export async function revokeToken(
  config: Config,
  print: (text: string) => void,
  id: string,
): Promise<number> {
  return await withAccountTokens(config, async ({ accountTokens }) => {
    const revoked = await accountTokens.revoke(id);
    if (revoked === undefined) throw new StartError(`No such token: "${id}"`);
    await using audit = openAudit(config);
    audit.record({ action: "credential.revoke", credential: id, owner: `${revoked.kind}:${revoked.name}` });
    print(`Revoked token ${id} of ${revoked.kind} ${revoked.name}`);
    return 0;
  });
}

/**
 * `skerry token keep`: keeps the personal access tokens of a user whose password has changed.
 *
 * @returns The exit code.
 * @throws {StartError} if the user does not exist.
 */
export async function keepTokens(
  config: Config,
  print: (text: string) => void,
  user: string | undefined,
): Promise<number> {
  if (user === undefined) throw new MisuseError("Missing --user NAME");
  return await withAccountTokens(config, async ({ accountTokens }) => {
    const kept = await explained(() => accountTokens.keep(user));
    await using audit = openAudit(config);
    if (kept > 0) audit.record({ action: "credential.keep", owner: `user:${user}` });
    print(`Kept ${counted(kept, "token")} of user ${user}`);
    return 0;
  });
}

function ownerOf({ robot, user }: TokenOwner): AccountTokenOwner | undefined {
  if (robot !== undefined && user !== undefined) {
    throw new MisuseError("Expected --robot or --user, got both");
  }
  if (robot !== undefined) return { kind: "robot", name: robot };
  return user === undefined ? undefined : { kind: "user", name: user };
}

async function explained<T>(create: () => Promise<T>): Promise<T> {
  try {
    return await create();
  } catch (error) {
    throw error instanceof AccountTokenError ? new StartError(error.message, { cause: error }) : error;
  }
}

function lineOf(
  { id, kind, name, description, bounds, createdAt, expiresAt, usedAt, suspended, withoutAccount }:
    AccountTokenInfo,
): string {
  const columns = [
    id,
    plainField(`${kind}:${name}`),
    bounds === undefined ? "everything its owner may do" : bounds.map(formatGrant).join(" "),
    `created ${dayOf(createdAt)}`,
    expiresAt === undefined
      ? "never expires"
      : `${expiresAt > Date.now() ? "expires" : "expired"} ${dayOf(expiresAt)}`,
    usedAt === undefined ? "never used" : `used ${dayOf(usedAt)}`,
    ...(suspended === true ? [`suspended: ${suspensionOf(name, withoutAccount)}`] : []),
  ];
  return [...columns, ...(description === "" ? [] : [plainField(description)])].join("  ");
}

/** The reason for which a token is refused until an operator keeps it. */
function suspensionOf(name: string, withoutAccount = false): string {
  return withoutAccount
    ? `made by an earlier release: run skerry token keep --user ${plainField(name)}`
    : "the user's password has changed";
}

function dayOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(0, 10);
}
