import type { ByteStream } from "../../registry/interface.ts";

/** Answer to a request before it becomes a `Response`. Plain values cost the hot path less to read and extend. */
export interface Answer {
  /** Status code. */
  status: number;
  /** Headers. The sender adds `Content-Length` of a body in memory. */
  headers: Readonly<Record<string, string>>;
  /** Body; absent without one. Dropped in the answer to a HEAD. */
  body?: Uint8Array<ArrayBuffer> | ByteStream;
  /** True if this object will be sent again, so it is worth preparing. Not with a stream. */
  isRepeated?: boolean;
}

/** `Cache-Control` of an answer that no cache may store, because it depends on the caller, and none may change. */
export const NOT_STORED = "private, no-store, no-transform";

/** An answer in JSON. */
export function jsonAnswer(value: unknown, headers: Record<string, string> = {}, status = 200): Answer {
  const body = new TextEncoder().encode(JSON.stringify(value));
  return {
    status,
    headers: {
      "Content-Type": "application/json",
      "Cache-Control": NOT_STORED,
      ...headers,
    },
    body,
  };
}
