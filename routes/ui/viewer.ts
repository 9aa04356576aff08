import type { Caller } from "../../registry/interface.ts";
import { UNAUTHENTICATED_CALLER } from "../access/mod.ts";

/** Client for which a page is made, and its rights. */
export interface Viewer {
  /** Caller of the registry. It has the rights of the account, and reports changes to the audit log. */
  readonly caller: Caller;
  /** Account that is logged in; absent for an anonymous client, and in a registry without accounts. */
  readonly account?: ViewerAccount;
  /** True if pages offer a login. */
  readonly canLogIn: boolean;
  /** True for an administrator, and for every client of a registry that is open to all. */
  readonly isAdministrator: boolean;
  /** Host of the registry, with its port if it needs one, for commands such as `docker pull`. */
  readonly host: string;
}

/** Account of a viewer. */
export interface ViewerAccount {
  /** Name of the principal, such as `user:alice`. */
  readonly name: string;
  /** Name without its kind. */
  readonly label: string;
  /** True if the account may create and revoke tokens of its own. */
  readonly hasTokens: boolean;
}

/** Viewer of an error page before the client is known. It may do nothing. */
export function unknownViewer(host: string): Viewer {
  return { caller: UNAUTHENTICATED_CALLER, canLogIn: false, isAdministrator: false, host };
}
