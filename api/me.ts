import type { Caller } from "../registry/interface.ts";
import type { ApiOptions } from "./options.ts";
import { EVERY_ACTION } from "./sight.ts";
import type { Me } from "./schemas/mod.ts";
import { member } from "./values.ts";

const KINDS = ["anonymous", "user", "robot", "workload", "certificate", "external"] as const;

/** The caller and its rights. Sends no request. */
export function describeCaller({ rules, access }: ApiOptions, caller: Caller): Me {
  const kind = KINDS.find((kind) => caller.name.split(":", 1)[0] === kind) ?? "external";
  const grants = access === undefined
    ? [{ actions: EVERY_ACTION, repositories: "**" }]
    : access.grantsOf?.(caller.name);
  const rights = grants?.map(({ actions, repositories }) => ({ actions: [...actions], repositories }));
  return {
    name: caller.name,
    kind,
    administrator: caller.administers === true,
    tokens: access?.listTokens !== undefined && (kind === "user" || caller.administers === true),
    access: access === undefined ? "open" : access.kind,
    readOnly: rules.readOnly,
    ...member("rights", rights),
  };
}
