import { type Action, RegistryError, type RepositoryName } from "../oci/mod.ts";
import { type Caller, UNRESTRICTED_CALLER } from "../registry/interface.ts";

/** Rights that allow seeing the principals of pushes. */
const CHANGES = ["push", "overwrite", "delete", "administer"] as const;

/** Every action, in the order of the policies. */
export const EVERY_ACTION: readonly Action[] = ["pull", ...CHANGES];

/**
 * Requires the right to pull from a repository.
 *
 * @throws {RegistryError} `NAME_UNKNOWN`, as for a repository that does not exist.
 */
export function assertSees(caller: Caller, repository: RepositoryName): void {
  if (!caller.may("pull", repository)) throw unknownRepository(repository);
}

/**
 * Requires the right to a change.
 *
 * @throws {RegistryError} `NAME_UNKNOWN` if the caller may not even pull, else `DENIED`.
 */
export function assertMay(caller: Caller, action: Action, repository: RepositoryName): void {
  if (caller.may(action, repository)) return;
  assertSees(caller, repository);
  throw new RegistryError("DENIED", `Access denied: "${caller.name}" may not ${action} "${repository}"`);
}

/** Error for a repository that does not exist, or that the caller may not see. */
export function unknownRepository(name: RepositoryName): RegistryError {
  return new RegistryError("NAME_UNKNOWN", "Repository not found", { detail: { name } });
}

/** True if the caller may see the names of accounts that pushed to the repository. */
export function seesNames(caller: Caller, repository: RepositoryName): boolean {
  return caller.name !== UNRESTRICTED_CALLER.name && CHANGES.some((action) => caller.may(action, repository));
}

/** Account of a push as a member of an answer: absent for callers that may not see it. */
export function pushedBy(caller: Caller, repository: RepositoryName, name: string): { pushedBy?: string } {
  return seesNames(caller, repository) && name !== "" ? { pushedBy: name } : {};
}
