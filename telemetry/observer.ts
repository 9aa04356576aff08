/**
 * Hooks by which the registry tells telemetry of events. Loads nothing: a process without telemetry pays for a check of
 * `undefined`.
 *
 * @module
 */

/** Store of a call: the object store, the table, or a read replica of the object store. */
export type Store = "objects" | "table" | "replica-objects";

/** Queue in which a request can wait: for a buffer, for the memory of a body, or for a transaction of SQLite. */
export type Queue = "request-body" | "sqlite" | "upload-buffer";

/** Limit that refuses requests. */
export type Limit = "logins" | "open-uploads" | "quota" | "request-rate";

/** Kind of rejected credentials. */
export type Credentials = "password" | "token";

/** Event in the life of an upload. */
export type UploadEvent = "cancelled" | "committed" | "expired" | "started";

/** Work in the background of a process. */
export type Work =
  | "collect-candidates"
  | "full-pass"
  | "purges"
  | "retention"
  | "sweep"
  | "sweep-access"
  | "webhooks";

/** Answered request. */
export interface AnsweredRequest {
  /** Method as the client wrote it. */
  readonly method: string;
  /** Kind of the route; `undefined` for an invalid path. */
  readonly route: string | undefined;
  /** Status of the answer. */
  readonly status: number;
  /** Bytes of the answer's body. */
  readonly bytes: number;
  /** Bytes of the request's body, if the client announced them. */
  readonly received?: number | undefined;
  /** Milliseconds from the request to the end of the answer. */
  readonly duration: number;
}

/** Facts about a request for its span, known when its answer begins. */
export interface TracedRequest extends AnsweredRequest {
  /** Raw path without the query. */
  readonly path: string;
  /** Id of the request. */
  readonly id: string;
  /** Principal, if it is known. */
  readonly principal?: string | undefined;
  /** Address of the client. */
  readonly address?: string | undefined;
  /** User agent of the client. */
  readonly userAgent?: string | undefined;
  /** Internal error, if one occurred. */
  readonly error?: unknown;
}

/** Value that is read when metrics are collected; the name is that of an instrument. */
export type Watched =
  | "http.server.active_requests"
  | "skerry.background.oldest_age"
  | "skerry.collection.estimate"
  | "skerry.collection.interval"
  | "skerry.collection.progress"
  | "skerry.connections.accepted"
  | "skerry.connections.closed_for_others"
  | "skerry.connections.limit"
  | "skerry.connections.open"
  | "skerry.connections.refused"
  | "skerry.request_body.memory.limit"
  | "skerry.request_body.memory.used"
  | "skerry.upload.buffers.limit"
  | "skerry.upload.buffers.used"
  | "skerry.upload.buffers.waiting"
  | "skerry.upload.memory.limit"
  | "skerry.upload.memory.used";

/** Receiver of the events of a process. Its methods do not throw. */
export interface Observer {
  /** A request was answered, to the end of its body. */
  answered(request: AnsweredRequest): void;
  /** The answer of a request begins. */
  traced(request: TracedRequest): void;
  /** Makes a call to a store, and returns its result. */
  call<T>(store: Store, operation: string, run: () => Promise<T>): Promise<T>;
  /** A store has received or sent bytes of objects. */
  transferred(direction: "read" | "write", bytes: number): void;
  /** A failed attempt of a call to a store is about to be repeated. */
  retried(store: Store): void;
  /** A cache was asked. */
  cacheRead(cache: string, isHit: boolean): void;
  /** A request has waited. */
  waited(queue: Queue, milliseconds: number): void;
  /** SQLite has committed a group of writes. */
  committed(writes: number, milliseconds: number): void;
  /** SQLite was locked by another process. */
  sqliteBusy(): void;
  /** A limit has refused a request. */
  refused(limit: Limit): void;
  /** Credentials were rejected. */
  loginFailed(credentials: Credentials): void;
  /** A run of background work has ended. */
  ran(work: Work, milliseconds: number, isOk: boolean): void;
  /** Background work has removed things of one kind. */
  removed(work: Work, kind: string, count: number, bytes?: number): void;
  /** Uploads have ended or begun. */
  uploads(event: UploadEvent, count: number): void;
  /** A receiver has accepted `count` purges or webhooks, the oldest `milliseconds` after its change. */
  delivered(work: Work, milliseconds: number, count: number): void;
  /** Webhooks were given up: their receiver has not accepted them in all attempts. */
  deadLetters(count: number): void;
  /**
   * Reads a value whenever metrics are collected; `undefined` has no value now. A later call with the same name and label
   * replaces the reader.
   */
  watch(name: Watched, read: () => number | undefined, label?: string): void;
}

/** Receiver of the events of this process; `undefined` without telemetry. Assigned by {@linkcode observeWith} only. */
export let observer: Observer | undefined;

/** Sets the receiver of all events of this process. It must be set before the registry opens. */
export function observeWith(receiver: Observer | undefined): void {
  observer = receiver;
}
