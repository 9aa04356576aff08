import type { Finding } from "./finding.ts";
import { pushScope, startUpload } from "./image.ts";
import { type Session, TRANSFER_LIMIT_MS } from "./session.ts";

/** Bytes of a chunk of a body. */
const CHUNK_BYTES = 64 * 1024;

/** Milliseconds between two looks at a cut upload. */
const LOOK_INTERVAL_MS = 250;

/** Extent of the checks of uploads. */
export interface UploadLimits {
  /** Bytes of the largest body that is tried. */
  maxBodyBytes: number;
  /** Seconds that a slow body takes. */
  slowSeconds: number;
  /** Milliseconds until an upload that was cut must show its bytes. */
  patienceMs: number;
}

/** Checks limits of request bodies: size, time, and buffering. The uploads are cancelled. */
export async function checkUploads(
  session: Session,
  repository: string,
  { maxBodyBytes, slowSeconds, patienceMs }: UploadLimits,
): Promise<Finding[]> {
  return [
    await checkBodySize(session, repository, maxBodyBytes),
    await checkBodyTime(session, repository, slowSeconds),
    await checkBuffering(session, repository, patienceMs),
  ];
}

/** Tries bodies of 1 MiB, 4 MiB and so on. */
async function checkBodySize(session: Session, repository: string, maxBytes: number): Promise<Finding> {
  const check = "body size";
  for (let size = Math.min(2 ** 20, maxBytes);; size = Math.min(size * 4, maxBytes)) {
    const refusal = await sendBody(session, repository, size, 0);
    if (refusal !== undefined) {
      return {
        check,
        level: "fault",
        found: `A body of ${mebibytes(size)} is refused: ${refusal}`,
        advice:
          "Raise the limit of the proxy or platform (nginx: client_max_body_size 0), or let clients push in chunks",
      };
    }
    if (size === maxBytes) return { check, level: "ok", found: `Bodies of ${mebibytes(size)} are accepted` };
  }
}

async function checkBodyTime(session: Session, repository: string, seconds: number): Promise<Finding> {
  const check = "body time";
  const refusal = await sendBody(session, repository, (seconds + 1) * CHUNK_BYTES, 1000);
  return refusal === undefined
    ? { check, level: "ok", found: `A body that takes ${seconds} s is accepted` }
    : {
      check,
      level: "fault",
      found: `A body that takes ${seconds} s is cut: ${refusal}`,
      advice:
        "Raise the time limits for request bodies of proxy and platform; clients on slow lines push for minutes",
    };
}

/** Cuts an upload. The registry keeps the bytes that have arrived; a proxy that buffers has passed none on. */
async function checkBuffering(session: Session, repository: string, patienceMs: number): Promise<Finding> {
  const check = "body buffering";
  const scope = pushScope(repository);
  const upload = await startUpload(session, repository);
  const cut = new AbortController();
  const body = bodyOf(Infinity, 10, cut);
  const sent = session.send(upload, { method: "PATCH", body, scope, signal: cut.signal });
  await sent.then((response) => response.body?.cancel(), () => {});
  cut.abort();
  let kept = 0;
  for (let waited = 0; waited < patienceMs && kept === 0; waited += LOOK_INTERVAL_MS) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL_MS));
    const response = await session.send(upload, { scope });
    await response.body?.cancel();
    // The last byte; 0 also for an upload without bytes.
    kept = Number(response.headers.get("Range")?.split("-")[1] ?? 0);
  }
  await cancel(session, upload, scope);
  return kept > 0
    ? { check, level: "ok", found: `A cut upload keeps ${mebibytes(kept)}: bodies are streamed` }
    : {
      check,
      level: "warning",
      found: "A cut upload keeps no bytes: a proxy buffers bodies",
      advice:
        "Turn request buffering off (nginx: proxy_request_buffering off), or large pushes need its disk and start again",
    };
}

/** Sends a body as one chunk of an upload. Returns the reason if it is not accepted. */
async function sendBody(
  session: Session,
  repository: string,
  bytes: number,
  pauseMs: number,
): Promise<string | undefined> {
  const scope = pushScope(repository);
  const upload = await startUpload(session, repository);
  const end = new AbortController();
  const limitMs = TRANSFER_LIMIT_MS + bytes / CHUNK_BYTES * pauseMs;
  try {
    const body = bodyOf(bytes, pauseMs, end);
    const response = await session.send(upload, {
      method: "PATCH",
      body,
      scope,
      limitMs,
      signal: end.signal,
    });
    await response.body?.cancel();
    return response.status === 202 ? undefined : `the answer is ${response.status}`;
  } catch (error) {
    return (error as Error).message;
  } finally {
    end.abort();
    await cancel(session, upload, scope);
  }
}

async function cancel(session: Session, upload: string, scope: string): Promise<void> {
  const response = await session.send(upload, { method: "DELETE", scope });
  await response.body?.cancel();
}

/** Zeros, a chunk every `pauseMs`, until `end` is aborted. It aborts `end` itself after 100 chunks of an endless body. */
function bodyOf(bytes: number, pauseMs: number, end: AbortController): ReadableStream<Uint8Array> {
  let sent = 0;
  return new ReadableStream({
    async pull(controller) {
      if (sent > 0 && pauseMs > 0) await pause(pauseMs, end.signal);
      const chunk = new Uint8Array(end.signal.aborted ? 0 : Math.min(CHUNK_BYTES, bytes - sent));
      if (chunk.length > 0) controller.enqueue(chunk);
      sent += chunk.length;
      if (sent >= bytes || end.signal.aborted) controller.close();
      else if (sent >= 100 * CHUNK_BYTES && bytes === Infinity) end.abort();
    },
  });
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  signal.addEventListener("abort", () => resolve(), { once: true });
  return promise.finally(() => clearTimeout(timer));
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20 * 10) / 10} MiB`;
}
