import type { AuthConfig } from "../auth/auth_config.ts";
import type { Storage } from "../open_storage.ts";
import type { Config } from "../settings.ts";
import { StartError } from "../start_error.ts";
import { openForUpkeep } from "./upkeep_storage.ts";

/**
 * Who may do what, by the configuration.
 *
 * @throws {StartError} where the registry is open to all.
 */
export function accessOf({ auth }: Config): AuthConfig {
  if (auth === undefined) throw new StartError("Nobody logs in here: there is no SKERRY_AUTH");
  return auth;
}

/**
 * Runs `use` with the storage that credentials are in.
 *
 * @throws {StartError} where there is none.
 */
export async function withCredentials<T>(
  config: Config,
  use: (storage: Storage, auth: AuthConfig) => Promise<T>,
): Promise<T> {
  const auth = accessOf(config);
  if (auth.external !== undefined) {
    throw new StartError("Nobody logs in here: tokens come from somebody else's server");
  }
  const storage = await openForUpkeep(config);
  try {
    return await use(storage, auth);
  } finally {
    await storage.close();
  }
}
