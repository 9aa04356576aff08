/**
 * The interface of a registry, and what its callers need to know. Loads none of the protocols.
 *
 * @module
 */
export { type Audit, type AuditEvent, type OperatorAction, retirementEvent } from "./audit_event.ts";
export { type Caller, UNRESTRICTED_CALLER } from "./caller.ts";
export type {
  AccountTokenChange,
  ChangeAction,
  Changed,
  DeadLetterChange,
  UploadCancellation,
} from "./change.ts";
export type {
  BlobShare,
  BoundedCount,
  Explorer,
  LeaseFacts,
  ManifestFacts,
  ReferrerFacts,
  RepositoryFacts,
  Slice,
  Some,
  TagFacts,
  UploadFacts,
} from "./explore/explorer.ts";
export type { ImmutableRule } from "./limits/immutable_tags.ts";
export type { QuotaRule } from "./limits/quotas.ts";
export { MAX_SMALL_BLOB_BYTES } from "./registry.ts";
export type {
  BlobInfo,
  BlobReader,
  ByteStream,
  Deleter,
  Lister,
  Manifest,
  ManifestPush,
  ManifestReceipt,
  Page,
  PageRequest,
  Reader,
  ReadOptions,
  ReferrersRequest,
  Registry,
  RepositoryDeletion,
  RepositoryRemoval,
  TagCondition,
  TagMove,
  UploadBody,
  UploadStatus,
  Writer,
} from "./registry.ts";
export { EVENT_TYPES, type EventRule, type EventType } from "./protocol/event_rules.ts";
export { BodyReader } from "./streams/body_reader.ts";
export { OffsetMismatch } from "./uploads/offset_mismatch.ts";
