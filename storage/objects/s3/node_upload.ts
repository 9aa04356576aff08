import { once } from "node:events";
import * as http from "node:http";
import * as https from "node:https";
import { rootCertificates } from "node:tls";
import type { SignedRequest } from "../../aws/mod.ts";

/** Bytes that are given to a connection at a time: enough for speed, and few enough that what copies them holds little. */
const SLICE_BYTES = 256 * 1024;

/** The same over TLS, which copies them: larger slices cost up to half as much CPU time again. */
const TLS_SLICE_BYTES = 64 * 1024;

/** Milliseconds that a connection without a request is kept: less than stores keep it, which are to hang up second. */
const IDLE_MS = 4000;

/** Connections without a request that are kept, at most. */
const MAX_IDLE_CONNECTIONS = 32;

/** Kept connections of this process, by protocol. */
const agents: { http?: http.Agent; https?: https.Agent } = {};

/** Writes a body and ends it; gives up when the signal says so. */
export type Write = (request: http.ClientRequest, stop: AbortSignal) => Promise<void>;

/**
 * Uploads bytes, over a kept connection if one is free. If the store has closed it meanwhile, the attempt fails as for
 * every broken connection. `fetch` would copy all bytes twice first: three times their size in memory, and up to four
 * times the CPU time.
 */
export async function putBytes(
  request: SignedRequest,
  bytes: Uint8Array<ArrayBuffer>,
  signal: AbortSignal,
): Promise<Response> {
  const slice = isTls(request) ? TLS_SLICE_BYTES : SLICE_BYTES;
  return await putByNode(request, { size: bytes.length, keeps: true, signal }, async (request, stop) => {
    for (let at = 0; at < bytes.length; at += slice) {
      if (!request.write(bytes.subarray(at, at + slice))) {
        await once(request, "drain", { signal: stop });
      }
    }
    request.end();
  });
}

/** Options of a request that `node:http` sends. */
export interface NodeUploadOptions {
  /** Bytes of the body. */
  size: number;
  /** True if it may use a kept connection and leave one. A body that cannot be sent again needs a new connection. */
  keeps: boolean;
  /** Ends the request when it is aborted. */
  signal: AbortSignal;
}

/** Puts what `write` writes by `node:http`, which takes a length from a header. */
export async function putByNode(
  target: SignedRequest,
  { size, keeps, signal }: NodeUploadOptions,
  write: Write,
): Promise<Response> {
  const headers = { ...target.headers, "content-length": size };
  const options = { method: "PUT", headers, agent: keeps && agentFor(target), signal };
  const request = isTls(target)
    ? https.request(target.url, { ...options, ...(keeps ? {} : trusted()) })
    : http.request(target.url, options);
  request.on("error", () => {}); // errors after the answer
  const stop = new AbortController();
  const answering = once(request, "response") as Promise<[http.IncomingMessage]>;
  const writing = write(request, stop.signal);
  let isComplete = false;
  try {
    // The answer may arrive first, if the store does not want the body.
    const [message] = await Promise.race([answering, writing.then(() => answering)]);
    const response = await toResponse(message);
    isComplete = request.writableFinished;
    return response;
  } finally {
    stop.abort();
    // The rest of a body that the store did not want must not precede another request.
    if (!isComplete) request.destroy();
    await Promise.allSettled([answering, writing]);
  }
}

function isTls({ url }: SignedRequest): boolean {
  return url.startsWith("https:");
}

/** Agent with the kept connections. A connection without a request does not keep the process running. */
function agentFor(target: SignedRequest): http.Agent {
  const options = { keepAlive: true, timeout: IDLE_MS, maxFreeSockets: MAX_IDLE_CONNECTIONS };
  return isTls(target)
    ? agents.https ??= new https.Agent({ ...options, ...trusted() })
    : agents.http ??= new http.Agent(options);
}

/** Additional certificate authorities that `fetch` trusts (`DENO_CERT`), which `node:https` does not know. */
function trusted(): { ca?: string[] } {
  const path = Deno.env.get("DENO_CERT");
  return path === undefined ? {} : { ca: [...rootCertificates, Deno.readTextFileSync(path)] };
}

/** Answer as a `Response`, like that of `fetch`. */
async function toResponse(message: http.IncomingMessage): Promise<Response> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for await (const chunk of message) chunks.push(chunk);
  const { statusCode = 0, headers: { etag } } = message;
  return new Response(new Blob(chunks), { status: statusCode, headers: etag === undefined ? {} : { etag } });
}
