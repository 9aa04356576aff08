import type { Principal } from "../../auth/interface.ts";
import type { AccountTokens, Htpasswd } from "../../auth/mod.ts";

/** Current user or robot of an earlier login. */
export async function findPrincipal(
  { name, credential = "" }: Principal,
  users: Htpasswd,
  accountTokens: AccountTokens,
): Promise<Principal | undefined> {
  // The credential of an account token has the id of the token before a dot.
  return credential.includes(".")
    ? await accountTokens.find(credential)
    : await users.find(name.replace(/^user:/, ""));
}
