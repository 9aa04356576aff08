import type { Digest, RepositoryName, Tag } from "../oci/mod.ts";

/** What may change in a registry. */
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

/** Something that has changed, told once it is durable. */
export interface Change {
  /** What was done. */
  readonly action: ChangeAction;
  /** Where. */
  readonly repository: RepositoryName;
  /** Which tag, where it is about one. */
  readonly tag?: Tag;
  /** What was there before, or what the tag pointed at. */
  readonly before?: Digest;
  /** What is there from now on, or what the tag points at. */
  readonly after?: Digest;
}

/** A robot's or a user's credential that was made, or ended. */
export interface CredentialChange {
  /** What was done. */
  readonly action: "credential.create" | "credential.revoke";
  /** Its id, which is no secret. */
  readonly credential: string;
}

/** Told of changes, one by one; it must not throw, and nobody waits for it. */
export type Changed = (change: Change | CredentialChange) => void;
