import type { Action } from "../registry/interface.ts";

/** Kind of an account, by its method of authentication. */
export type PrincipalKind = "anonymous" | "user" | "robot" | "workload" | "certificate" | "external";

/** Account that a request is made for. */
export interface Principal {
  /** How they have shown it. */
  readonly kind: PrincipalKind;
  /**
   * `anonymous`, or the kind, a colon and a name that is theirs alone among all of the kind: `user:alice`, `robot:ci`,
   * `workload:github:repo:acme/app:ref:refs/heads/main`, `certificate:CN=build`, `external:alice`.
   */
  readonly name: string;
  /** Of a workload: the name that the configuration gives to its issuer. */
  readonly issuer?: string;
  /** Of a workload: what its issuer says of it, and conditions may ask for; every value as text. */
  readonly claims?: Readonly<Record<string, string>>;
  /**
   * Of a user or a robot that has shown a password: what another password, or a revoked one, would not be, such as a hash
   * of what is stored of it. It is for refresh tokens alone, which end with the password, and no secret by itself.
   */
  readonly credential?: string;
  /**
   * When it ends that they are believed, in milliseconds since the epoch: no token that they are given is good for longer.
   * Absent where it does not end by itself.
   */
  readonly expiresAt?: number;
  /** Restrictions of the credential, in addition to the policies; absent without restrictions. */
  readonly bounds?: readonly Grant[];
}

/** Actions in repositories. */
export interface Grant {
  /** A pattern of names, as in policies. */
  readonly repositories: string;
  /** Granted actions. */
  readonly actions: readonly Action[];
}

/** Principal of a request without credentials. */
export const ANONYMOUS: Principal = { kind: "anonymous", name: "anonymous" };
