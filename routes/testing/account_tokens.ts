/**
 * An app with account tokens, for tests.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import type { AuditEvent } from "../../registry/interface.ts";
import { AccountTokens } from "../../auth/mod.ts";
import { MemoryTable } from "../../storage/mod.ts";
import { fakeApp } from "../../tests/harness/app.ts";

export const NOW = 1_700_000_000_000;
export const DAY = 24 * 3_600_000;
export const PATH = "/v2/_skerry/tokens";
export const ADMINISTRATOR = "user:root";

/** An app with real account tokens, whose requests come from any principal, and the entries of its audit. */
export function make() {
  const clock = { now: NOW };
  const users = new Set(["root", "alice", "bob"]);
  const accountTokens = new AccountTokens({
    table: new MemoryTable(),
    findUser: (name) => users.has(name) ? { credential: name } : undefined,
    now: () => clock.now,
  });
  const events: AuditEvent[] = [];
  const { request, entries } = fakeApp({}, {
    accountTokens: () =>
      Promise.resolve({
        accountTokens,
        isAdministrator: (name) => [ADMINISTRATOR, "robot:root"].includes(name),
      }),
    access: {
      admit: (_needed, { headers }) =>
        Promise.resolve({
          name: headers.get("X-Who") ?? "anonymous",
          may: () => false,
          sees: () => false,
        }),
    },
    audit: (event) => events.push(event),
  });
  const as = (who: string) => ({
    list: (query = "") => request(`${PATH}${query}`, { headers: { "X-Who": who } }),
    create: (body: unknown) =>
      request(PATH, {
        method: "POST",
        headers: { "X-Who": who },
        body: typeof body === "string" || body instanceof Uint8Array
          ? body as BodyInit
          : JSON.stringify(body),
      }),
    revoke: (id: string) => request(`${PATH}/${id}`, { method: "DELETE", headers: { "X-Who": who } }),
  });
  return { clock, users, accountTokens, events, entries, request, as };
}

export type World = ReturnType<typeof make>;

/** A new account token with its text. */
export async function created(world: World, who: string, body: unknown): Promise<Record<string, string>> {
  const response = await world.as(who).create(body);
  assertEquals(response.status, 201);
  return await response.json();
}

/** The ids that a caller sees, and true if a page follows. */
export async function listed({ as }: World, who: string, query?: string): Promise<string[]> {
  const { tokens } = await (await as(who).list(query)).json();
  return tokens.map(({ id }: { id: string }) => id);
}

export async function errorOf(response: Response): Promise<[number, string?, string?]> {
  const { errors: [{ code, message }] = [{}] } = await response.json();
  return [response.status, code, message];
}

export const NO_SUCH: [number, string, string] = [404, "UNSUPPORTED", "No such token"];
