import type { AuthConfig } from "../../auth/interface.ts";
import { AccountTokens, type Htpasswd } from "../../auth/mod.ts";
import { openUsers } from "../../process/open/open_access.ts";
import type { Storage } from "../../process/open/open_storage.ts";
import { type Config, StartError } from "../../config/mod.ts";
import type { Table } from "../../storage/mod.ts";
import { openForUpkeep } from "../upkeep_storage.ts";

/**
 * Access control of the configuration.
 *
 * @throws {StartError} if the registry is open to all.
 */
function accessOf({ auth }: Config): AuthConfig {
  if (auth === undefined) {
    throw new StartError(
      "There is no `auth` in the configuration: set SKERRY_AUTH, or SKERRY_CONFIG to a file with `auth`",
    );
  }
  return auth;
}

/**
 * Runs `use` with the storage of accounts and their tokens.
 *
 * @throws {StartError} if authentication is not configured.
 */
export async function withAccountStorage<T>(
  config: Config,
  use: (storage: Storage, auth: AuthConfig) => Promise<T>,
): Promise<T> {
  const auth = accessOf(config);
  if (auth.external !== undefined) {
    throw new StartError(
      "The registry has no accounts: `auth.external` names the token server that has them",
    );
  }
  const storage = await openForUpkeep(config);
  try {
    return await use(storage, auth);
  } finally {
    await storage.close();
  }
}

/** Parts of a registry that know accounts. */
export interface Accounts {
  /** Users with a password. */
  users: Htpasswd;
  /** Robot tokens and personal access tokens. */
  accountTokens: AccountTokens;
  /** Storage of the tokens. */
  table: Table;
  /** Provider of logins. */
  login?: NonNullable<AuthConfig["login"]>;
}

/**
 * Runs `use` with the users and account tokens.
 *
 * @throws {StartError} if the registry has none.
 */
export async function withAccountTokens<T>(
  config: Config,
  use: (accounts: Accounts) => Promise<T>,
): Promise<T> {
  return await withAccountStorage(config, async ({ table }, auth) => {
    const users = await openUsers(auth, () => {});
    try {
      const { credentialLifetime: maxLifetime } = auth;
      const bound = maxLifetime === undefined ? {} : { maxLifetime };
      const accountTokens = new AccountTokens({ table, findUser: (name) => users.find(name), ...bound });
      return await use({ users, accountTokens, table, ...(auth.login && { login: auth.login }) });
    } finally {
      users.close();
    }
  });
}
