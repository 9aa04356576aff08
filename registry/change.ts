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

/** Cancellation of an upload of any account by an administrator. */
export interface UploadCancellation {
  /** Kind of the change. */
  readonly action: "upload.cancel";
  /** Repository of the upload. */
  readonly repository: RepositoryName;
  /** Principal that began the upload. */
  readonly owner: string;
}

/** Dead letter that an administrator has sent again or deleted. */
export interface DeadLetterChange {
  /** Kind of the change. */
  readonly action: "event.retry" | "event.drop";
  /** Name of the webhook. */
  readonly webhook: string;
  /** Id of the dead letter. */
  readonly letter: string;
}

/** Called for each change. It must not throw, and the registry does not wait for it. */
export interface Changed {
  (change: Change | AccountTokenChange | UploadCancellation | DeadLetterChange): void;
  /** Principal that the changes are made for; absent if it is not known. */
  readonly by?: string;
}
