import type { AccountTokenChange, ChangeAction, DeadLetterChange, UploadCancellation } from "./change.ts";

/** A change that only an operator's command makes. */
export type OperatorAction =
  | "credential.keep"
  | "keys.rotate"
  | "logins.revoke"
  | "registry.collect"
  | "registry.copy"
  | "registry.import"
  | "registry.repair"
  | "registry.restore";

/** Change of the registry, for the audit log. Contains no secret. */
export interface AuditEvent {
  /** Principal that made the change; `system` for background work of the registry. */
  readonly who: string;
  /** Kind of the change. */
  readonly action:
    | ChangeAction
    | AccountTokenChange["action"]
    | UploadCancellation["action"]
    | DeadLetterChange["action"]
    | OperatorAction;
  /** Repository, if the change belongs to one. */
  readonly repository?: string;
  /** The tag, if it is about one. */
  readonly tag?: string;
  /** Robot account or personal access token that was used, by its public name or id. */
  readonly credential?: string;
  /** Digest of the content or of the target of the tag before the change. */
  readonly before?: string;
  /** Digest of the content or of the target of the tag after the change. */
  readonly after?: string;
  /** The principal that the credential, the logins or the upload belong to. */
  readonly owner?: string;
  /** Name of the webhook of a dead letter. */
  readonly webhook?: string;
  /** Id of a dead letter. */
  readonly letter?: string;
  /** Reason of a change by background work; the extent of an operator's command. */
  readonly reason?: string;
  /** The id of the request: that of its line in the log, and of `X-Request-Id`. */
  readonly request?: string;
  /** Address of the client. */
  readonly address?: string;
}

/** Called with an event as soon as its change is durable. It must not throw, and its caller does not wait. */
export type Audit = (event: AuditEvent) => void;

/** A tag or manifest that was removed by a rule of retention, as an event without its principal. */
export function retirementEvent(
  { kind, repository, name, digest: before, reason }: {
    kind: "tag" | "manifest";
    repository: string;
    name: string;
    digest: string;
    reason: string;
  },
): Omit<AuditEvent, "who"> {
  const what = kind === "tag"
    ? { action: "tag.delete", tag: name } as const
    : { action: "manifest.delete" } as const;
  return { ...what, repository, before, reason };
}
