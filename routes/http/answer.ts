import type { ByteStream } from "../../registry/interface.ts";

/** What is answered to a request, before it is a `Response`: plain values cost the hot path less to look at and add to. */
export interface Answer {
  status: number;
  /** `Content-Length` of a body in memory is added by whoever sends them. */
  headers: Readonly<Record<string, string>>;
  /** Absent where there is none; of the answer to a HEAD it is dropped. */
  body?: Uint8Array<ArrayBuffer> | ByteStream;
  /** Whether this same object will be answered again, so that what can be made ready should be; not with a stream. */
  isRepeated?: boolean;
}

/** An answer in JSON. */
export function jsonAnswer(value: unknown, headers: Record<string, string> = {}, status = 200): Answer {
  const body = new TextEncoder().encode(JSON.stringify(value));
  return {
    status,
    headers: {
      "Content-Type": "application/json",
      "Cache-Control": "private, no-store, no-transform",
      "X-Content-Type-Options": "nosniff",
      ...headers,
    },
    body,
  };
}
