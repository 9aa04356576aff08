import type { Action, RepositoryName } from "../oci/mod.ts";
import type { Explorer, ImmutableRule, QuotaRule, Registry } from "../registry/interface.ts";
import type { EventOutbox } from "../registry/mod.ts";
import type { SignatureVerifier } from "../trust/interface.ts";
import type { AccountTokenList, Explanation } from "./schemas/mod.ts";
import type { ListRequest, Question } from "./api.ts";

/** Rules of the configuration that answers show. */
export interface ApiRules {
  /** Rules for immutable tags. */
  immutable: readonly ImmutableRule[];
  /** Quotas. */
  quotas: readonly QuotaRule[];
  /** Deletes that are enabled. */
  deletes: { tags: boolean; manifests: boolean };
  /** True if every change is refused. */
  readOnly: boolean;
  /** True if pulls of tags are recorded, for a retention rule. */
  recordsPulls: boolean;
  /** Mode of the policy that requires signatures in a repository; absent without any. */
  signatures?: (repository: RepositoryName) => "audit" | "enforce" | undefined;
}

/** Dependencies of the reads and changes. */
export interface CoreOptions {
  /** Registry with its cache and the configured restrictions. It must not count reads as pulls. */
  registry: Registry;
  /** Reads of the table. */
  explorer: Explorer;
  /** Rules of the configuration. */
  rules: ApiRules;
  /** Verifies signatures; absent if nothing does. */
  signatures?: SignatureVerifier;
}

/** Access control, as answers show it. */
export interface ApiAccess {
  /** `external` if a token server has the accounts. */
  kind: "accounts" | "external";
  /** Rules for the account of this name; absent, or `undefined`, if its name alone does not decide. */
  grantsOf?: (name: string) => { actions: readonly Action[]; repositories: string }[] | undefined;
  /** Decision of the policies; absent without policies. */
  explain?: (question: Question) => Promise<Explanation>;
  /** Page of the tokens of all accounts; absent without accounts. */
  listTokens?: (request: ListRequest) => Promise<AccountTokenList>;
}

/** Garbage that a step of a full pass would remove. */
export interface CollectionStep {
  /** Number of checked items. */
  items: number;
  /** Items that a real run would remove. */
  removals: { kind: string; repository?: string; name: string; reason: string; size?: number }[];
  /** Position of the next step; absent at the end. */
  next?: { pk: string; sk: string };
}

/** Tag or manifest that retention would remove. */
export interface PlannedRetirement {
  /** Kind of the removed thing. */
  kind: "tag" | "manifest";
  /** The tag or the digest. */
  name: string;
  /** Digest of the manifest. */
  digest: string;
  /** Rule and reason. */
  reason: string;
}

/** Background work, as answers preview it. */
export interface ApiUpkeep {
  /** Step of a dry run of garbage collection. */
  previewCollection(after: { pk: string; sk: string } | undefined): Promise<CollectionStep>;
  /** Dry run of retention in one repository. Ends when its reader returns. */
  previewRetention(repository: RepositoryName): AsyncIterable<PlannedRetirement>;
  /** Number of retention rules. */
  retentionRules: number;
}

/** State of the process. */
export interface ApiProcess {
  /** Version of the registry. */
  version: string;
  /** Milliseconds since the epoch. */
  startedAt: number;
  /** True if the storage works. */
  ready(): Promise<boolean>;
  /** Warnings for the operator. */
  warnings(): string[];
}

/** Events that wait for webhooks, and dead letters. */
export type EventQueue = Pick<EventOutbox, "pending" | "deadLetters" | "retry" | "drop">;

/** Dependencies of the API. */
export interface ApiOptions extends CoreOptions {
  /** Access control; absent if the registry is open to all. */
  access?: ApiAccess;
  /** Loads the events that wait for webhooks; absent in an app that delivers none. */
  events?: () => Promise<EventQueue>;
  /** Background work. */
  upkeep: ApiUpkeep;
  /** State of the process. */
  process: ApiProcess;
  /** The present in milliseconds since the epoch. */
  now?: () => number;
}
