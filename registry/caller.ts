import type { Action, RepositoryName } from "../oci/mod.ts";
import type { Changed } from "./change.ts";

/** Caller of the registry: its name and its rights. */
export interface Caller {
  /** Name of the principal. It owns uploads and appears in tag histories. */
  readonly name: string;
  /** True if the caller may do this in the repository of the request. Synchronous. */
  may(action: Action, repository: RepositoryName): boolean;
  /** True if the caller may pull from any other repository: the source of a mount, or an entry of a list. */
  sees(repository: RepositoryName): boolean;
  /** True if the caller may manage the whole registry: its accounts, and what all repositories store. Default: false. */
  readonly administers?: boolean;
  /** Called for each change that was made for the caller, even if the request fails later. */
  readonly changed?: Changed;
}

/** Caller of a registry without access control: may do everything. */
export const UNRESTRICTED_CALLER: Caller = {
  name: "anonymous",
  may: () => true,
  sees: () => true,
  administers: true,
};
