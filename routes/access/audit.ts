import type { Audit, Caller, Changed } from "../../registry/interface.ts";

/** Caller whose changes are reported to `audit`, with the principal, the address and the request id. */
export function audited(caller: Caller, audit: Audit, request: string, address: string | undefined): Caller {
  const { name: who, administers } = caller;
  return {
    name: who,
    ...(administers !== undefined && { administers }),
    may: (action, repository) => caller.may(action, repository),
    sees: (repository) => caller.sees(repository),
    ...(caller.administers && { administers: true }),
    changed: Object.assign(
      (change: Parameters<Changed>[0]) =>
        audit({ who, ...change, request, ...(address !== undefined && { address }) }),
      { by: who },
    ),
  };
}
