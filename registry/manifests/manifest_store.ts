import { type Digest, type Reference, RegistryError, type RepositoryName } from "../../oci/mod.ts";
import {
  beginWork,
  bestEffort,
  type Context,
  healManifest,
  pushesOf,
  RETRY,
  retryOnConflict,
  safeAge,
  skewOf,
  type Work,
} from "../protocol/mod.ts";
import { ifUnchanged } from "../../storage/ports.ts";
import {
  type ManifestAttributes,
  manifestKey,
  MAX_EARLIER_PUSHES,
  newObjectKey,
  randomId,
  revivedManifest,
  type Stored,
  stored,
} from "../items/mod.ts";
import { readObject } from "../streams/mod.ts";
import type { Manifest } from "../registry.ts";
import { readTag, unknownTag } from "./tags.ts";
import { createUpload, putInTime, type Session } from "../uploads/mod.ts";

/** Manifests above this size in bytes have an object of their own: an item must stay far below 400 KB. */
export const MAX_INLINE_BYTES = 256 * 1024;

/** The manifest's item. */
export async function readManifest(
  context: Context,
  repository: RepositoryName,
  digest: Digest,
  options: { consistent: boolean },
): Promise<Stored<ManifestAttributes> | undefined> {
  return stored<ManifestAttributes>(await context.table.get(manifestKey(repository, digest), options));
}

/** end-3. */
export async function getManifest(
  context: Context,
  repository: RepositoryName,
  reference: Reference,
): Promise<Manifest> {
  if ("digest" in reference) return await getManifestByDigest(context, repository, reference.digest);
  const tag = await readTag(context, repository, reference.tag);
  if (tag === undefined) throw unknownTag(reference.tag);
  return await getManifestByDigest(context, repository, tag.attributes.digest);
}

async function getManifestByDigest(
  context: Context,
  repository: RepositoryName,
  digest: Digest,
): Promise<Manifest> {
  // Once more if a delete removed the object since the item was read: a push may have put the manifest again.
  for (let attempt = 0; attempt < 2; attempt++) {
    // A consistent read: after an acknowledged delete no process may answer or cache the manifest.
    const item = await readManifest(context, repository, digest, { consistent: true });
    if (item === undefined) break;
    const bytes = await readBytes(context, item);
    if (bytes === undefined) {
      if (attempt > 0 && context.touch) {
        await bestEffort(() => healManifest(beginWork(context), repository, digest));
      }
      continue;
    }
    const { mediaType, condemnedAt } = item.attributes;
    if (condemnedAt !== undefined && context.touch && !await reviveManifest(context, repository, digest)) {
      break;
    }
    return { digest, mediaType, bytes };
  }
  throw unknownManifest(digest);
}

/**
 * Revokes the condemnation of a manifest that a client has requested. Answers whether the manifest exists.
 *
 * A client that sees a manifest may skip its push and push an index of it. A condemnation stands for the grace period
 * before the manifest is removed, and a push of the index revokes it as well (references.ts). So a client that saw the
 * manifest before its condemnation has the grace period to push the index; a client that sees it later revokes the
 * condemnation here. Only a condemned manifest costs a write. To renew its time of use instead, as a link's, every pull
 * by digest would cost a write now and then.
 */
function reviveManifest(context: Context, repository: RepositoryName, digest: Digest): Promise<boolean> {
  const work = beginWork(context);
  return retryOnConflict(work, async () => {
    const item = await readManifest(work, repository, digest, { consistent: true });
    if (item?.attributes.condemnedAt === undefined) return item !== undefined;
    const version = await work.table.put(revivedManifest(item, work.now()), { ifVersion: item.version });
    return version === undefined ? RETRY : true;
  });
}

/** The error for a manifest that the repository does not have. */
export function unknownManifest(digest: Digest): RegistryError {
  return new RegistryError("MANIFEST_UNKNOWN", "Manifest not found in the repository", {
    detail: { digest },
  });
}

/** The manifest's bytes; `undefined` if a delete took the object since the item was read. */
export async function readBytes(
  context: Context,
  item: Stored<ManifestAttributes>,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (item.bytes !== undefined) return item.bytes;
  if (item.attributes.object === undefined) throw new Error(`Manifest item "${item.sk}" has no bytes`);
  const found = await readObject(context, item.attributes.object);
  if (found === undefined) return undefined;
  const bytes = new Uint8Array(found.size);
  let offset = 0;
  for await (const chunk of found.chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}

/** A manifest to be stored. */
export interface ManifestContent {
  /** Digest of the bytes. */
  digest: Digest;
  /** Media type under which the manifest is served. */
  mediaType: string;
  /** The manifest, as the client sent it. */
  bytes: Uint8Array<ArrayBuffer>;
  /** Digest of the subject, if the manifest has one. */
  subject?: string;
  /** The run of the protocol that puts it. */
  push: string;
  /** True if the item keeps the ids of earlier pushes. */
  tracesPushes: boolean;
}

/**
 * Puts the manifest's item. An existing item gets a new version, so that a concurrent delete by the old version fails.
 * `seen` is the item as it was read before.
 *
 * @throws {RegistryError} `MANIFEST_INVALID` if the same content exists with another media type: a stored manifest does
 *   not change.
 */
export function putManifestItem(
  work: Work,
  repository: RepositoryName,
  manifest: ManifestContent,
  principal: string,
  seen: Stored<ManifestAttributes> | undefined,
): Promise<void> {
  const { digest, mediaType, bytes, subject, push, tracesPushes } = manifest;
  let read = () => Promise.resolve(seen);
  return retryOnConflict(work, async () => {
    const current = await read();
    read = () => readManifest(work, repository, digest, { consistent: true });
    if (current !== undefined && current.attributes.mediaType !== mediaType) {
      throw new RegistryError(
        "MANIFEST_INVALID",
        `Manifest exists already with media type "${current.attributes.mediaType}"`,
      );
    }
    const attributes: ManifestAttributes = {
      mediaType,
      size: bytes.length,
      ...(subject === undefined ? {} : { subject }),
      pushedAt: work.now(),
      pushedBy: principal,
      push,
      ...(tracesPushes && { earlier: earlierPushes(current?.attributes) }),
    };
    const content = bytes.length <= MAX_INLINE_BYTES ? { attributes, bytes } : {
      attributes: { ...attributes, object: await putManifestObject(work, repository, manifest, current) },
    };
    const version = await work.table.put(
      { ...manifestKey(repository, digest), ...content },
      ifUnchanged(current),
    );
    return version === undefined ? RETRY : undefined;
  });
}

/** Ids of the pushes of the manifest so far, the last first. */
function earlierPushes(current: ManifestAttributes | undefined): string[] {
  return current === undefined ? [] : pushesOf(current).slice(0, MAX_EARLIER_PUSHES);
}

/** Writes the manifest's item unchanged, which gives it a new version. Returns true if the manifest exists. */
export function renewManifest(work: Work, repository: RepositoryName, digest: Digest): Promise<boolean> {
  return retryOnConflict(work, async () => {
    const item = await readManifest(work, repository, digest, { consistent: true });
    if (item === undefined) return false;
    return await work.table.put(item, { ifVersion: item.version }) === undefined ? RETRY : true;
  });
}

/** Object of a manifest that is too large for its item: the existing one, or a new one if that is missing. */
async function putManifestObject(
  work: Work,
  repository: RepositoryName,
  { digest, bytes }: ManifestContent,
  current: Stored<ManifestAttributes> | undefined,
): Promise<string> {
  const known = current?.attributes.object;
  const isMarked = current?.attributes.missing === true;
  if (known !== undefined && !isMarked && await work.objects.size(known) !== undefined) return known;
  const session = await announceManifestObject(work, repository, digest);
  const key = newObjectKey(session.item.attributes.prefix);
  await putInTime(work, session, key, bytes);
  return key;
}

/**
 * Announces an object to the sweep, before it is written or before the item that names it is deleted. After the
 * announcement expires, the sweep deletes the object unless the manifest's item names it. However short the expiry of
 * uploads is, the announcement outlasts the work and the safe age of its last write.
 */
export async function announceManifestObject(
  work: Work,
  repository: RepositoryName,
  digest: Digest,
  prefix?: string,
): Promise<Session> {
  const expiresAt = Math.max(work.now() + work.uploadExpiry, work.until + skewOf(work) + safeAge(work));
  const upload = { kind: "manifest" as const, repository, principal: "", digest, expiresAt };
  const session = await createUpload(work, randomId(), prefix === undefined ? upload : { ...upload, prefix });
  if (session === undefined) throw new Error("A random id is taken");
  return session;
}
