import { listRefreshTokens, type RefreshTokenInfo, revokeRefreshTokens } from "../../auth/mod.ts";
import { findPrincipal } from "../../process/open/open_access.ts";
import { plainField } from "../../process/mod.ts";
import { type Config, StartError } from "../../config/mod.ts";
import { openAudit } from "../audit.ts";
import { counted } from "../counted.ts";
import { withAccountStorage, withAccountTokens } from "./access.ts";
import { MisuseError } from "../command.ts";

/**
 * `skerry logins list`: prints the refresh tokens of a principal.
 *
 * @returns The exit code.
 * @throws {StartError} if authentication is not configured.
 */
export async function listRefreshTokensCommand(
  config: Config,
  print: (text: string) => void,
  principal: string,
  { json }: { json: boolean },
): Promise<number> {
  checkPrincipal(principal);
  return await withAccountTokens(config, async ({ table, ...accounts }) => {
    const tokens = await listRefreshTokens(table, principal, {
      findPrincipal: (who) => findPrincipal(who, accounts),
      now: Date.now(),
    });
    for (const token of tokens) print(json ? JSON.stringify(token) : lineOf(token));
    return 0;
  });
}

/**
 * `skerry logins revoke`: revokes one or all refresh tokens of a principal. Access tokens that were issued for them
 * stay valid for some minutes.
 *
 * @returns The exit code.
 * @throws {StartError} if no such refresh token exists.
 */
export async function revokeRefreshTokensCommand(
  config: Config,
  print: (text: string) => void,
  principal: string,
  id: string | undefined,
): Promise<number> {
  checkPrincipal(principal);
  return await withAccountStorage(config, async ({ table }) => {
    const count = await revokeRefreshTokens(table, principal, id);
    if (count === 0 && id !== undefined) {
      throw new StartError(`No such refresh token of ${principal}: "${id}"`);
    }
    await using audit = openAudit(config);
    const which = id === undefined ? {} : { credential: id };
    if (count > 0) {
      audit.record({
        action: "logins.revoke",
        owner: principal,
        ...which,
        reason: counted(count, "refresh token"),
      });
    }
    print(`Revoked ${counted(count, "refresh token")} of ${principal}`);
    return 0;
  });
}

function checkPrincipal(principal: string): void {
  if (!/^(user|robot|oidc):./.test(principal)) {
    throw new MisuseError(`Expected user:NAME, robot:NAME or oidc:NAME, got "${principal}"`);
  }
}

function lineOf({ id, client, createdAt, expiresAt, usedAt, refused }: RefreshTokenInfo): string {
  const used = usedAt === undefined ? "never used" : `used ${timeOf(usedAt)}`;
  const end = refused === true
    ? "refused: its password or account token has expired or changed"
    : `expires ${timeOf(expiresAt)}`;
  return [id, `created ${timeOf(createdAt)}`, used, end, plainField(client)].join("  ");
}

function timeOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
