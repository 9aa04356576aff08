import type { Digest, RepositoryName } from "../oci/mod.ts";

/** Something that garbage collection has removed, or would remove. */
export interface Removal {
  /** Its kind, in the words of ARCHITECTURE.md. */
  kind:
    | "blob"
    | "link"
    | "edge"
    | "tag"
    | "tag mark"
    | "referrer"
    | "pull"
    | "usage"
    | "epoch"
    | "repository"
    | "upload";
  /** The repository that it was in, where it was in one. */
  repository?: string;
  /** Which one: a digest, a tag, an upload's id; of an edge and a referrer both digests. */
  name: string;
  /** Why it went. */
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

const POINTERS: Record<string, { kind: Removal["kind"]; reason: string }> = {
  edge: { kind: "edge", reason: "The manifest is gone" },
  tag: { kind: "tag", reason: "The manifest is gone" },
  tagged: { kind: "tag mark", reason: "The tag does not point there" },
  referrer: { kind: "referrer", reason: "The manifest is gone" },
  pulled: { kind: "pull", reason: "The tag is gone" },
  usage: { kind: "usage", reason: "The repository is gone" },
  epoch: { kind: "epoch", reason: "The repository is gone" },
};

/** An item of a repository that pointed at something, by its sort key. */
export function pointerRemoval(repository: RepositoryName, sk: string): Removal {
  const [kind] = sk.split("#", 1) as [string];
  return { ...POINTERS[kind]!, repository, name: sk.slice(kind.length + 1) };
}
