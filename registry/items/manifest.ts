import type { Descriptor, Digest, RepositoryName, Tag } from "../../oci/mod.ts";
import { type Key, keyStart, MAX_SORT_KEY_BYTES, type NewItem } from "../../storage/ports.ts";
import { ITEM_FORMS, keyOf } from "./identify.ts";
import type { Plain, Stored } from "./stored.ts";

/** Manifest of a repository. Its bytes are in the item, or in an object if they are large. */
export type ManifestAttributes = {
  mediaType: string;
  size: number;
  object?: string;
  subject?: string;
  pushedAt: number;
  pushedBy: string;
  /** Id of the push that put it. Edges with the same id belong to a push that has already checked every blob. */
  push?: string;
  /** Ids of the pushes before that one, the last first. Only if events of pushes are left. */
  earlier?: string[];
  /** True once its object was found missing. Its next push stores a new one. */
  missing?: true;
  /** Time of the condemnation by retention. A push or a read that needs the manifest revokes it. */
  condemnedAt?: number;
  /** Time when a push or a read last revoked a condemnation. */
  usedAt?: number;
  /** Start of a delete that checks for immutable tags above. A push of an index that needs the manifest revokes it. */
  deleteBegunAt?: number;
};

/** Maximum ids in {@linkcode ManifestAttributes.earlier}. */
export const MAX_EARLIER_PUSHES = 16;

/**
 * Edge (a manifest references its target) or tag mark (a tag may point to a manifest). Times are in milliseconds
 * since the epoch.
 */
export type EdgeAttributes = {
  /** Time of the last write by a push. */
  at: number;
  /** Id of the push that last wrote it. */
  push?: string;
};

/** Referrer: a manifest refers to another by `subject`. */
export type ReferrerAttributes = {
  /** Without annotations if they are too large for an item; absent if the manifest has to be read for it. */
  descriptor?: Plain<Descriptor>;
  /** True if the annotations must be read from the manifest. */
  annotated?: true;
};

/** Start of the sort key of every manifest. */
export const MANIFEST_PREFIX = keyStart(ITEM_FORMS.manifest.sk);

/** Key of a manifest. */
export function manifestKey(repository: RepositoryName, digest: Digest): Key {
  return keyOf("manifest", { repository, digest });
}

/** True if retention or a delete has condemned the manifest. */
export function isManifestCondemned({ condemnedAt, deleteBegunAt }: ManifestAttributes): boolean {
  return condemnedAt !== undefined || deleteBegunAt !== undefined;
}

/** Item that revokes the condemnation of a manifest, because it is used. */
export function revivedManifest(item: Stored<ManifestAttributes>, now: number): NewItem {
  const { condemnedAt: _, deleteBegunAt: __, ...attributes } = item.attributes;
  return { ...item, attributes: { ...attributes, usedAt: now } };
}

/** Start of the sort keys of every edge, or of the edges to one target. */
export function edgePrefix(target?: Digest): string {
  return keyStart(ITEM_FORMS.edge.sk, { target });
}

/** Key of the edge by which `manifest` references `target`. */
export function edgeKey(repository: RepositoryName, target: Digest, manifest: Digest): Key {
  return keyOf("edge", { repository, target, manifest });
}

/** Start of the sort keys of the tag marks of a manifest. */
export function taggedPrefix(digest: Digest): string {
  return keyStart(ITEM_FORMS["tag mark"].sk, { manifest: digest });
}

/**
 * Key of a tag mark: `tag` may point to `digest`. Written before the tag, so that a delete finds every tag without
 * a scan.
 */
export function taggedKey(repository: RepositoryName, digest: Digest, tag: Tag): Key {
  return keyOf("tag mark", { repository, manifest: digest, tag });
}

/** Start of the sort keys of every referrer, or of the referrers of one subject. */
export function referrerPrefix(subject?: string): string {
  return keyStart(ITEM_FORMS.referrer.sk, { subject });
}

/**
 * Key of the referrer item of manifest `digest` with this `subject`. `undefined` if the key is longer than a table
 * accepts: an earlier release accepted manifests with such a subject.
 */
export function referrerKey(repository: RepositoryName, subject: string, digest: Digest): Key | undefined {
  const key = keyOf("referrer", { repository, subject, manifest: digest });
  return key.sk.length <= MAX_SORT_KEY_BYTES ? key : undefined;
}
