import type { Branded } from "./brand.ts";
import { type Digest, isDigest, parseDigest } from "./digest.ts";
import { RegistryError } from "./errors.ts";

/** A repository name that follows the grammar of distribution-spec §"Pulling manifests". */
export type RepositoryName = Branded<"RepositoryName">;

/** A tag that follows the grammar of distribution-spec §"Pulling manifests". */
export type Tag = Branded<"Tag">;

/** Reference to a manifest: a tag or a digest. */
export type Reference = { tag: Tag } | { digest: Digest };

const NAME = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

/** Longest repository name in characters: clients cap host, slash and name at 255. */
export const MAX_NAME_CHARACTERS = 255;

/** True if `text` is a valid repository name. */
export function isRepositoryName(text: string): text is RepositoryName {
  return text.length <= MAX_NAME_CHARACTERS && NAME.test(text);
}

/**
 * The repository name.
 *
 * @throws {RegistryError} `NAME_INVALID`.
 */
export function parseRepositoryName(text: string): RepositoryName {
  if (isRepositoryName(text)) return text;
  throw new RegistryError("NAME_INVALID", "Repository name is malformed or longer than 255 characters", {
    detail: { name: text.slice(0, 256) },
  });
}

/** True if `text` is a valid tag. */
export function isTag(text: string): text is Tag {
  return TAG.test(text);
}

/**
 * Parses the tag or digest of a request for a manifest.
 *
 * @throws {RegistryError} `DIGEST_INVALID` for a malformed digest, `MANIFEST_INVALID` for any other text. (Not
 *   `TAG_INVALID`, for which clients retry as with an old registry.)
 */
export function parseReference(text: string): Reference {
  if (isTag(text)) return { tag: text };
  if (isDigest(text) || text.includes(":")) return { digest: parseDigest(text) };
  throw new RegistryError("MANIFEST_INVALID", "Reference is neither a tag nor a digest", {
    detail: { reference: text.slice(0, 256) },
  });
}
