import { ANONYMOUS } from "../../auth/interface.ts";
import type { Caller } from "../../registry/interface.ts";
import type { Access } from "../access/mod.ts";
import { notFound } from "./not_found.ts";
import type { DeferredRights, PublicRights } from "./options.ts";

/** Rights in a registry without access control. */
const OPEN: PublicRights = {
  mayPull: () => true,
  countRequest() {},
  addressOf: (_headers, peer) => peer,
  forwardedHosts: () => undefined,
};

/**
 * Access of anonymous clients to the public face, without credentials. Runs before any storage read, like that of the
 * main face: a refusal takes the same time whether the repository exists or not.
 */
export function anonymousAccess(deferred: DeferredRights): Access {
  return {
    async admit(needed, { headers }, client) {
      const rights = deferred === undefined ? OPEN : await deferred();
      client.address = rights.addressOf(headers, client.peer);
      client.principal = ANONYMOUS.name;
      rights.countRequest(client.address);
      const caller = callerWith(rights);
      switch (needed.need) {
        case "credentials":
        case "catalog":
          return caller;
        case "right":
          if (caller.may(needed.action, needed.repository)) return caller;
      }
      throw notFound();
    },
  };
}

function callerWith({ mayPull }: PublicRights): Caller {
  return {
    name: ANONYMOUS.name,
    may: (action, repository) => action === "pull" && mayPull(repository),
    sees: mayPull,
  };
}
