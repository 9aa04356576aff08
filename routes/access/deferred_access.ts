import type { AuthConfig } from "../../auth/interface.ts";
import type { Access, Client } from "./access.ts";
import { createChallenge, loginRequired } from "./challenge.ts";
import type { Demand } from "./requirement.ts";

/**
 * Access control that `open` opens when a request needs it. Until then it refuses by itself what the opened one would
 * refuse: requests without credentials for which an anonymous client never has access. Every client begins with one, and
 * it is the first answer of many processes.
 */
export function deferredAccess(config: AuthConfig, open: () => Promise<Access>): Access {
  const challenge = createChallenge(config);
  // A proxy can add credentials and the address of the client. A rate limit has to count the request.
  const isPlain = config.proxy === undefined && config.limits.requestsPerMinute === 0;
  let access: Access | undefined;

  function isRefused({ need }: Demand, { headers }: Request, { peer }: Client): boolean {
    const isAnonymous = peer !== undefined && !headers.has("Authorization");
    return isPlain && isAnonymous && need !== "login" && need !== "right";
  }

  return {
    async admit(needed, request, client) {
      if (access === undefined && isRefused(needed, request, client)) {
        client.address = client.peer;
        client.principal = "anonymous";
        throw loginRequired(challenge(needed));
      }
      access ??= await open();
      return await access.admit(needed, request, client);
    },
  };
}
