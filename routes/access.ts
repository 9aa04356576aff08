import type { Caller } from "../registry/caller.ts";
import type { Demand } from "./requirement.ts";

/** Decides who asks, and whether they may. */
export interface Access {
  /**
   * Who asks, where they may have what they need. It comes before anything is read for the request, so that nobody learns from the
   * answer what is there. `peer` is the address of the other end of the connection.
   *
   * @throws {RegistryError} 401 with a challenge, 403, or 429.
   */
  admit(needed: Demand, request: Request, peer: string | undefined): Promise<Admission>;
}

/** A request that is let in. */
export interface Admission {
  /** Who asks. */
  caller: Caller;
  /** Where they are. */
  client: Client;
}

/** Where a request comes from. */
export interface Client {
  /** The address of the other end of the connection; undefined where there is none. */
  peer: string | undefined;
  /** That of the client, which is another one where a proxy that is trusted is in between. */
  address: string | undefined;
}

/** Whoever asks for what needs nothing. */
export const PASSER_BY: Caller = { name: "anonymous", may: () => false, sees: () => false };
