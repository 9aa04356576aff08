import type { Client } from "../access/mod.ts";
import type { Viewer } from "./viewer.ts";

/** Options of the web UI. */
export interface UiOptions {
  /** Loads access control; absent if the registry is open to all. */
  access?: () => Promise<UiAccess>;
  /** Host at which clients reach the registry, for commands. Default: the host of the request. */
  host?: string;
}

/** Access control of the web UI. */
export interface UiAccess {
  /**
   * Authenticates the request by its session. Sets the client's address and principal, and counts the request.
   *
   * @throws {RegistryError} 429 above the rate limit.
   */
  identify(request: Request, client: Client): Promise<Omit<Viewer, "host">>;
}
