import type { Action } from "../oci/mod.ts";

/** Kind of an account, by its method of authentication. */
export type PrincipalKind =
  | "anonymous"
  | "user"
  | "robot"
  | "workload"
  | "certificate"
  | "external"
  | "oidc";

/** Account that a request is made for. */
export interface Principal {
  /** Method of authentication. */
  readonly kind: PrincipalKind;
  /**
   * `anonymous`, or the kind, a colon and a name that is unique within the kind: `user:alice`, `robot:ci`,
   * `workload:github:repo:acme/app:ref:refs/heads/main`, `certificate:CN=build`, `external:alice`,
   * `oidc:alice`.
   */
  readonly name: string;
  /** For a workload: the configured name of its issuer. For an account of a provider of logins: the provider's URL. */
  readonly issuer?: string;
  /** For a workload or an account of a provider: the claims of its ID token that conditions may require, as text. */
  readonly claims?: Readonly<Record<string, string>>;
  /** For an account of a provider: the claims that are lists of text, such as groups. */
  readonly claimLists?: Readonly<Record<string, readonly string[]>>;
  /**
   * For a user or a robot: identifies the password or account token that was used, such as a hash of the stored hash. A
   * new password has another value, so it revokes the refresh tokens of the old one. Not a secret.
   */
  readonly credential?: string;
  /**
   * Expiry of the authentication, in milliseconds since the epoch. No token issued for it lives longer. Absent if it
   * does not expire.
   */
  readonly expiresAt?: number;
  /** Restrictions of the credential, in addition to the policies; absent without restrictions. */
  readonly bounds?: readonly Grant[];
}

/** Actions that a credential may perform, and the repositories in which it may. */
export interface Grant {
  /** A pattern of names, as in policies. */
  readonly repositories: string;
  /** Granted actions. */
  readonly actions: readonly Action[];
}

/** Principal of a request without credentials. */
export const ANONYMOUS: Principal = { kind: "anonymous", name: "anonymous" };
