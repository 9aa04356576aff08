import type { Caller } from "../registry/caller.ts";
import type { Route } from "./route.ts";

/** Decides who asks, and whether they may. */
export interface Access {
  /**
   * Who asks, where they may have this. It comes before anything is read for the request, so that nobody learns from the
   * answer what is there.
   *
   * @throws {RegistryError} 401 with a challenge, 403, or 429.
   */
  admit(route: Route, request: Request, client: Client): Caller | Promise<Caller>;
}

/** Where a request comes from. */
export interface Client {
  /** The address of the other end of the connection; undefined where there is none. */
  address: string | undefined;
}
