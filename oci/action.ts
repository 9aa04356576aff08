/**
 * Actions in a repository: read it (`pull`); add manifests, blobs and tags (`push`); move an existing tag
 * (`overwrite`); delete tags, manifests and blobs (`delete`); delete the repository (`administer`).
 */
export const ACTIONS = ["pull", "push", "overwrite", "delete", "administer"] as const;

/** Action, from {@linkcode ACTIONS}. */
export type Action = typeof ACTIONS[number];
