import {
  type Digest,
  isDigest,
  isRepositoryName,
  isTag,
  type Reference,
  type RepositoryName,
  type Tag,
} from "../../oci/mod.ts";
import { MisuseError } from "../command.ts";

/**
 * Name of a repository.
 *
 * @throws {MisuseError} for any other text.
 */
export function readRepository(text: string): RepositoryName {
  if (isRepositoryName(text)) return text;
  throw new MisuseError(`Expected the name of a repository, got "${text}"`);
}

/**
 * Tag or digest.
 *
 * @throws {MisuseError} for any other text.
 */
export function readReference(text: string): Reference {
  if (isDigest(text)) return { digest: text };
  if (isTag(text)) return { tag: text };
  throw new MisuseError(`Expected a tag or a digest, got "${text}"`);
}

/**
 * Digest.
 *
 * @throws {MisuseError} for any other text.
 */
export function readDigest(text: string): Digest {
  if (isDigest(text)) return text;
  throw new MisuseError(`Expected a digest, got "${text}"`);
}

/**
 * `REPOSITORY`, `REPOSITORY:TAG` or `REPOSITORY@DIGEST`. A tag before a digest is ignored, as clients do.
 *
 * @throws {MisuseError} for any other text.
 */
export function readImage(text: string): { repository: RepositoryName; reference?: Reference } {
  const [named = "", digest] = split(text, "@");
  const [name = "", tag] = split(named, ":");
  const repository = readRepository(name);
  if (digest !== undefined) return { repository, reference: { digest: readDigest(digest) } };
  return tag === undefined ? { repository } : { repository, reference: readReference(tag) };
}

/**
 * `REPOSITORY:TAG`.
 *
 * @throws {MisuseError} for any other text.
 */
export function readTagged(text: string): { repository: RepositoryName; tag: Tag } {
  const [name = "", tag = ""] = split(text, ":");
  if (!isTag(tag)) throw new MisuseError(`Expected REPOSITORY:TAG, got "${text}"`);
  return { repository: readRepository(name), tag };
}

/** The text before and after the first separator. */
function split(text: string, separator: string): string[] {
  const at = text.indexOf(separator);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
