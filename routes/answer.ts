import type { ByteStream } from "../registry/registry.ts";

/** What is answered to a request, before it is a `Response`: plain values cost the hot path less to look at and add to. */
export interface Answer {
  status: number;
  headers: Record<string, string>;
  /** Absent where there is none; of the answer to a HEAD it is dropped. */
  body?: Uint8Array<ArrayBuffer> | ByteStream;
}

/** An answer in JSON, with its length, so that HEAD tells it too. */
export function jsonAnswer(value: unknown, headers: Record<string, string> = {}, status = 200): Answer {
  const body = new TextEncoder().encode(JSON.stringify(value));
  return {
    status,
    headers: {
      "Content-Type": "application/json",
      "Content-Length": String(body.byteLength),
      "Cache-Control": "private, no-store, no-transform",
      "X-Content-Type-Options": "nosniff",
      ...headers,
    },
    body,
  };
}
