/**
 * Refresh tokens for tests.
 *
 * @module
 */
import { MemoryTable, type Table } from "../../../storage/mod.ts";
import { hooked } from "../../../tests/harness/stores.ts";
import type { Principal } from "../../principal.ts";
import { listRefreshTokens, RefreshTokens, type RefreshTokensOptions } from "../refresh_tokens.ts";

export const HOUR = 3_600_000;
export const LIFETIME_MS = 30 * 24 * HOUR;
export const ALICE: Principal = { kind: "user", name: "user:alice", credential: "hash-of-her-password" };
export const ROBOT: Principal = {
  kind: "robot",
  name: "robot:ci",
  credential: "id.hash",
  bounds: [{ repositories: "team/**", actions: ["pull", "push"] }],
};

/** Refresh tokens over a table in memory, with a clock and with accounts that tests may change. */
export function world(options: Partial<RefreshTokensOptions> = {}) {
  const clock = { now: 1_700_000_000_000 };
  const calls: string[] = [];
  const hooks: { before?: (method: string) => void | Promise<void> } = {};
  const memory = new MemoryTable();
  const table = hooked<Table>(memory, async (method) => {
    calls.push(method);
    await hooks.before?.(method);
  });
  const people = new Map([ALICE, ROBOT].map((principal) => [principal.name, principal]));
  const asked: Principal[] = [];
  const ended = new Set<string>();
  const common: RefreshTokensOptions = {
    table,
    service: "registry.test",
    lifetime: LIFETIME_MS,
    findPrincipal(principal) {
      asked.push(principal);
      return Promise.resolve(people.get(principal.name));
    },
    hasEnded: (credential) => Promise.resolve(ended.has(credential)),
    now: () => clock.now,
    ...options,
  };
  const tokens = new RefreshTokens(common);
  const issue = async (principal = ALICE, client = "docker") => (await tokens.issue(principal, client))!;
  const owner = async (token: string) => (await tokens.redeem(token))?.principal;
  const list = (principal = ALICE) =>
    listRefreshTokens(memory, principal.name, { findPrincipal: common.findPrincipal, now: clock.now });
  return { ended, clock, calls, hooks, memory, people, asked, common, tokens, issue, list, owner };
}
