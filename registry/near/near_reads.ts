import type { Digest, Reference, RepositoryName } from "../../oci/mod.ts";
import type { Item, Key, Table } from "../../storage/ports.ts";
import { isMember, mayBeTorn } from "../blobs/mod.ts";
import {
  type BlobAttributes,
  blobKey,
  type LinkAttributes,
  linkKey,
  type ManifestAttributes,
  manifestKey,
  stored,
  type TagAttributes,
  tagKey,
} from "../items/mod.ts";
import type { Context } from "../protocol/mod.ts";
import type { BlobReader, Manifest, Registry } from "../registry.ts";
import type { NearObjects } from "./near_objects.ts";
import type { Replicas } from "./replicas.ts";

/** Replica of the table. Each of its items is as it was at home at some time in the replication lag, independently. */
export type ReplicaTable = Pick<Table, "getMany">;

/** Options of {@linkcode nearReads}. */
export interface NearReadsOptions extends Pick<Context, "now" | "grace" | "deadline"> {
  /** Replicas of the table. */
  tables: Replicas<ReplicaTable>;
  /** Reads of objects. */
  objects: NearObjects;
}

/**
 * Registry that answers GET of manifests and blobs from the nearest replica of the table. An answer is as old as the
 * replication, and everything else is answered by `home`:
 *
 * 1. What the replica does not have, or what it has in doubt, `home` answers as if there were no replica. So no 404
 *    comes from a replica.
 * 2. HEAD, lists and writes never read a replica: clients decide by HEAD what they push.
 * 3. What was read at a replica is not cached: the epoch and the content arrive there in any order, so no epoch could
 *    end an entry in time.
 */
export function nearReads(home: Registry, options: NearReadsOptions): Registry {
  const { tables, objects } = options;

  /** Items of the nearest replica, `undefined` for each absent one; no items without a replica. */
  async function read(keys: Key[]): Promise<(Item | undefined)[]> {
    return await tables.read((table) => table.getMany(keys)) ?? [];
  }

  async function digestOf(
    repository: RepositoryName,
    reference: Reference,
  ): Promise<Digest | undefined> {
    if ("digest" in reference) return reference.digest;
    const [tag] = await read([tagKey(repository, reference.tag)]);
    return stored<TagAttributes>(tag)?.attributes.digest;
  }

  async function findManifest(
    repository: RepositoryName,
    reference: Reference,
  ): Promise<Manifest | undefined> {
    const digest = await digestOf(repository, reference);
    if (digest === undefined) return undefined;
    const [item] = await read([manifestKey(repository, digest)]);
    const found = stored<ManifestAttributes>(item);
    // A read revokes a condemnation, which is a write: home. And home reads the object of a large manifest.
    if (found?.bytes === undefined || found.attributes.condemnedAt !== undefined) return undefined;
    return { digest, mediaType: found.attributes.mediaType, bytes: found.bytes };
  }

  async function findBlob(repository: RepositoryName, digest: Digest): Promise<BlobReader | undefined> {
    const [link, blob] = await read([linkKey(digest, repository), blobKey(digest)]);
    const membership = { link: stored<LinkAttributes>(link), blob: stored<BlobAttributes>(blob) };
    // A link that is younger than the blob item may come from a mount that found no blob any more.
    if (!isMember(membership) || mayBeTorn(options, membership)) return undefined;
    const { object, size, writtenAt } = membership.blob.attributes;
    return {
      digest,
      size,
      // Without the object, the blob was collected since, and perhaps pushed again as another object.
      ...(objects.url && {
        url: async () =>
          await objects.replicaUrl(object, writtenAt) ??
            await (await home.getBlob(repository, digest)).url?.(),
      }),
      async open(range) {
        const found = await objects.get(object, range);
        return found?.body ?? await (await home.getBlob(repository, digest)).open(range);
      },
    };
  }

  return {
    ...home,

    async getManifest(repository, reference, readOptions) {
      const found = readOptions?.exact ? undefined : await findManifest(repository, reference);
      return found ?? await home.getManifest(repository, reference, readOptions);
    },

    async getBlob(repository, digest) {
      return await findBlob(repository, digest) ?? await home.getBlob(repository, digest);
    },
  };
}
