import type { RepositoryName } from "../oci/mod.ts";
import type { Changed } from "./change.ts";

/**
 * What may be done in a repository: read it; add manifests, blobs and tags (`push`); move a tag that is there
 * (`overwrite`); delete tags, manifests and blobs (`delete`); delete the whole repository (`administer`).
 */
export const ACTIONS = ["pull", "push", "overwrite", "delete", "administer"] as const;

/** One of {@linkcode ACTIONS}. */
export type Action = typeof ACTIONS[number];

/** Who asks for something, as far as a registry has to know. */
export interface Caller {
  /** The principal: what uploads are bound to, and what histories tell. */
  readonly name: string;
  /** Whether they may do this in the repository of the request; takes no time. */
  may(action: Action, repository: RepositoryName): boolean;
  /** Whether they may pull from any other repository: what a mount takes from, and a list shows. */
  sees(repository: RepositoryName): boolean;
  /** Told of what has been changed for them, even where the request fails after that. */
  readonly changed?: Changed;
}

/** Whoever asks a registry that is open to all. */
export const ANYBODY: Caller = { name: "anonymous", may: () => true, sees: () => true };
