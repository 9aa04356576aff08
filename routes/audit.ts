import type { Audit } from "../auth/audit.ts";
import type { Caller } from "../registry/caller.ts";
import type { Client } from "./access.ts";

/** The caller of a request, with whatever is changed for them told to `audit`, along with who, from where and by which request. */
export function audited(caller: Caller, audit: Audit, request: string, { address }: Client): Caller {
  const { name: who } = caller;
  return {
    name: who,
    may: (action, repository) => caller.may(action, repository),
    changed: (change) => audit({ who, ...change, request, ...(address !== undefined && { address }) }),
  };
}
