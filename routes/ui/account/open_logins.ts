import type { UiLogins } from "../options.ts";
import { noSuchPage } from "../page_route.ts";

/** Loads the logins; `undefined` with an external token server. */
export type OpenLogins = () => Promise<UiLogins | undefined>;

/**
 * The logins.
 *
 * @throws {RegistryError} 404 with an external token server.
 */
export async function requireLogins(open: OpenLogins): Promise<UiLogins> {
  const logins = await open();
  if (logins === undefined) throw noSuchPage();
  return logins;
}
