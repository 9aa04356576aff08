import type { Digest, RepositoryName } from "../oci/mod.ts";
import type { ItemKeyOf } from "./items/mod.ts";

/** Something that garbage collection has removed, or would remove. */
export interface Removal {
  /** Its kind, in the words of ARCHITECTURE.md. */
  kind:
    | "blob"
    | "link"
    | "edge"
    | "tag"
    | "tag mark"
    | "move"
    | "referrer"
    | "pull"
    | "usage"
    | "epoch"
    | "repository"
    | "upload";
  /** Repository, if the removed thing was in one. */
  repository?: string;
  /** Name: a digest, a tag, or an upload's id; for an edge or a referrer both digests; for a move its key. */
  name: string;
  /** Reason of the removal. */
  reason: string;
  /** Bytes of content that went with it. */
  size?: number;
}

/** A blob, with its bytes. */
export function blobRemoval(digest: Digest, size: number): Removal {
  return { kind: "blob", name: digest, reason: "No repository has it", size };
}

/** A repository's link to a blob. */
export function linkRemoval(repository: RepositoryName, digest: Digest): Removal {
  return { kind: "link", repository, name: digest, reason: "No manifest references it" };
}

/** The item of a repository. */
export function repositoryRemoval(repository: RepositoryName): Removal {
  return { kind: "repository", name: repository, reason: "It has no manifest" };
}

/** Reason for the removal of an item that pointed at something, by its kind. */
const REASONS = {
  edge: "The manifest does not exist",
  tag: "The manifest does not exist",
  "tag mark": "The tag does not point to the manifest",
  move: "The tag has other moves since",
  referrer: "The manifest does not exist",
  pull: "The tag does not exist",
  usage: "The repository does not exist",
  epoch: "The repository does not exist",
} as const;

/** Key of an item that is needed only as long as another item exists. */
export type PointerKey = ItemKeyOf<keyof typeof REASONS>;

/** Item of a repository that pointed at something. */
export function pointerRemoval(key: PointerKey): Removal {
  const { kind, repository } = key;
  return { kind, reason: REASONS[kind], repository, name: nameOf(key) };
}

function nameOf(key: PointerKey): string {
  switch (key.kind) {
    case "edge":
      return `${key.target}#${key.manifest}`;
    case "tag mark":
      return `${key.manifest}#${key.tag}`;
    case "move":
      return `${key.tag}#${key.history}#${key.number}`;
    case "referrer":
      return `${key.subject}#${key.manifest}`;
    case "tag":
    case "pull":
      return key.tag;
    case "usage":
    case "epoch":
      return "";
  }
}
