import type { Api, BoundedCount } from "../../api/mod.ts";
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

/** Events that wait for webhooks. */
export interface Backlog {
  /** Events that wait, counted up to a limit. */
  waiting: BoundedCount;
  /** Time of the oldest of them. */
  oldest?: string;
  /** Events that a webhook has not accepted in all attempts, counted up to a limit. */
  dead: BoundedCount;
}

/** Opened API. */
export interface Source extends AsyncDisposable {
  /** The API. */
  readonly api: BoundApi;
  /** True for a running registry, which has a process and its background work. */
  readonly isRunning: boolean;
  /** Reads the events that wait; absent at a running registry, whose API does not have them. */
  backlog?(): Promise<Backlog>;
}
