import type { RepositoryName } from "../../oci/mod.ts";
import { type Key, keyFrom, keyText, type NewItem } from "../../storage/ports.ts";
import { INDEX_FORMS, ITEM_FORMS, keyOf } from "./identify.ts";

/** Repository with at least one push. Times are in milliseconds since the epoch. */
export type RepositoryAttributes = {
  createdAt: number;
  /** Time when a collector found it empty. */
  condemnedAt?: number;
  /** Id of the push that created it; absent if no event of it was left. */
  push?: string;
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
  return keyText(ITEM_FORMS.manifest.pk, { repository });
}

/** Partition of all repositories. */
export const REPOSITORIES = ITEM_FORMS.repository.pk;

/** Key of a repository. */
export function repositoryKey(repository: RepositoryName): Key {
  return keyOf("repository", { repository });
}

/** Partition of the index that lists the usage of every repository. */
export const USAGE = INDEX_FORMS.usage.pk;

/** Key of the usage of a repository. */
export function usageKey(repository: RepositoryName): Key {
  return keyOf("usage", { repository });
}

/** Item of the usage of a repository. */
export function usageItem(repository: RepositoryName, attributes: UsageAttributes): NewItem {
  return { ...usageKey(repository), attributes, index: keyFrom(INDEX_FORMS.usage, { repository }) };
}

/** Key of the secret that encrypts cursors of the catalog. */
export const CURSOR_KEY: Key = keyOf("cursor key", {});

/** Key of the epoch of a repository. */
export function epochKey(repository: RepositoryName): Key {
  return keyOf("epoch", { repository });
}
