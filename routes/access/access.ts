import type { Caller } from "../../registry/interface.ts";
import type { Demand } from "./requirement.ts";

/** Authenticates and authorizes requests. */
export interface Access {
  /**
   * Authenticates and authorizes the request. Runs before any storage read, so a denial reveals nothing about what
   * exists. Sets the client's address and principal as soon as they are known, even if the request is denied later.
   *
   * @throws {RegistryError} 401 with a challenge, 403, or 429.
   */
  admit(needed: Demand, request: Request, client: Client): Promise<Caller>;
}

/** Client of a request. */
export interface Client {
  /** Address of the other end of the connection; undefined if it has none. */
  peer: string | undefined;
  /** Address of the client. Differs from `peer` behind a trusted proxy. */
  address: string | undefined;
  /** The principal, for the log, once it is known. */
  principal?: string | undefined;
}

/** Caller of a request that requires no access. */
export const UNAUTHENTICATED_CALLER: Caller = { name: "anonymous", may: () => false, sees: () => false };
