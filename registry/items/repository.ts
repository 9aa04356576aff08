import type { RepositoryName } from "../../oci/mod.ts";
import type { Key, NewItem } from "../../storage/ports.ts";

/** Repository with at least one push. Times are in milliseconds since the epoch. */
export type RepositoryAttributes = {
  createdAt: number;
  /** Time when a collector found it empty. */
  condemnedAt?: number;
};

/** Usage of a repository, counted for quotas. */
export type UsageAttributes = {
  /** Bytes of its blobs and manifests, each counted once. */
  bytes: number;
  /** Time of the last write. */
  at: number;
};

/** Last delete in the repository; the version of this item is the epoch (epoch.ts). */
export type EpochAttributes = {
  /** Time of the last change. */
  at: number;
};

/** Partition of everything in a repository except its blobs. */
export function repositoryPartition(repository: RepositoryName): string {
  return `repo#${repository}`;
}

/** Partition of all repositories. */
export const REPOSITORIES = "repos";

/** Key of a repository. */
export function repositoryKey(repository: RepositoryName): Key {
  return { pk: REPOSITORIES, sk: repository };
}

/** Partition of the index that lists the usage of every repository. */
export const USAGE = "usage";

/** Key of the usage of a repository. */
export function usageKey(repository: RepositoryName): Key {
  return { pk: repositoryPartition(repository), sk: USAGE };
}

/** Item of the usage of a repository. */
export function usageItem(repository: RepositoryName, attributes: UsageAttributes): NewItem {
  return { ...usageKey(repository), attributes, index: { pk: USAGE, sk: repository } };
}

/** Key of the secret that encrypts cursors of the catalog. */
export const CURSOR_KEY: Key = { pk: "catalog", sk: "cursor key" };

/** Key of the epoch of a repository. */
export function epochKey(repository: RepositoryName): Key {
  return { pk: repositoryPartition(repository), sk: "epoch" };
}
