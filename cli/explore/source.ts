import type { Api } from "../../api/mod.ts";
import type { Caller } from "../../registry/interface.ts";

/** Methods of the API that commands use. */
export const METHODS = [
  "listRepositories",
  "getRepository",
  "listTags",
  "getManifest",
  "listReferrers",
  "getTagHistory",
  "diff",
  "moveTag",
  "listStorage",
  "listQuotas",
  "listUploads",
  "status",
] as const satisfies readonly (keyof Api)[];

type Method = typeof METHODS[number];

/** Method of the API for one caller. */
type Bound<F> = F extends (caller: Caller, ...args: infer A) => infer R ? (...args: A) => R : never;

/**
 * The API as commands use it: over the storage, as an operator, or at a running registry, as an account. Methods throw a
 * `RegistryError` for what the registry refuses.
 */
export type BoundApi = { readonly [K in Method]: Bound<Api[K]> };

/** Opened API. */
export interface Source extends AsyncDisposable {
  /** The API. */
  readonly api: BoundApi;
  /** True for a running registry, which has a process and its background work. */
  readonly isRunning: boolean;
}
