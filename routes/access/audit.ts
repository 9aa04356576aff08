import type { Audit } from "../../auth/interface.ts";
import type { Caller } from "../../registry/interface.ts";

/** The caller of a request; what is changed for them is told to `audit`, with who, from where and by which request. */
export function audited(caller: Caller, audit: Audit, request: string, address: string | undefined): Caller {
  const { name: who } = caller;
  return {
    name: who,
    may: (action, repository) => caller.may(action, repository),
    sees: (repository) => caller.sees(repository),
    changed: (change) => audit({ who, ...change, request, ...(address !== undefined && { address }) }),
  };
}
