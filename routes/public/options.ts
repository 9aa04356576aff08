import type { RepositoryName } from "../../oci/mod.ts";
import type { CachingRules } from "./caching.ts";

/** Rights of anonymous clients, and what trusted proxies report. */
export interface PublicRights {
  /** True if the policies allow anonymous clients to pull from the repository. */
  mayPull(repository: RepositoryName): boolean;
  /**
   * Counts a request of this address.
   *
   * @throws {RegistryError} 429 above the rate limit.
   */
  countRequest(address: string | undefined): void;
  /** Client's address, according to a trusted proxy. */
  addressOf(headers: Headers, peer: string | undefined): string | undefined;
  /** Hosts in `X-Forwarded-Host`; `undefined` without the header, or if it is not from a trusted proxy. */
  forwardedHosts(headers: Headers, peer: string | undefined): string[] | undefined;
}

/** Loads the rights. `undefined` without access control: all content is public then. */
export type DeferredRights = (() => Promise<PublicRights>) | undefined;

/** Options of {@linkcode publicFace}. */
export interface PublicFaceOptions {
  /** Host names in lower case, without port. */
  hosts: readonly string[];
  /** Rules for the shared cache in front of these hosts; by default it may store nothing. */
  caching?: CachingRules;
  /** Rights of anonymous clients. */
  rights?: DeferredRights;
}
