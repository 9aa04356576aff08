import type { Digest, RepositoryName, Tag } from "../oci/mod.ts";

/** Kind of a change in a registry. */
export type ChangeAction =
  | "tag.create"
  | "tag.move"
  | "tag.delete"
  | "manifest.push"
  | "manifest.delete"
  | "blob.commit"
  | "blob.mount"
  | "blob.delete"
  | "repository.delete";

/** Change that is durable. */
export interface Change {
  /** Kind of the change. */
  readonly action: ChangeAction;
  /** Repository that changed. */
  readonly repository: RepositoryName;
  /** Tag, if the change is about one. */
  readonly tag?: Tag;
  /** Digest that was deleted, or that the tag pointed to before. */
  readonly before?: Digest;
  /** Digest that was added, or that the tag points to now. */
  readonly after?: Digest;
}

/** Creation or revocation of an account token. */
export interface AccountTokenChange {
  /** Kind of the change. */
  readonly action: "credential.create" | "credential.revoke";
  /** Id of the token. */
  readonly credential: string;
}

/** Called for each change. It must not throw, and the registry does not wait for it. */
export interface Changed {
  (change: Change | AccountTokenChange): void;
  /** Principal that the changes are made for; absent if it is not known. */
  readonly by?: string;
}
