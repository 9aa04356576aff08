/**
 * A real registry on a data folder, with a load that gives every metric something to count.
 *
 * @module
 */
import {
  bytesOf,
  digestOf,
  imageOf,
  pushBlob,
  pushImage,
  pushManifest,
  type Send,
} from "../../harness/content.ts";
import { metricsAtFreePort } from "../../harness/metrics.ts";
import { startRegistry } from "../../harness/registry_process.ts";

/** A registry that clients use until it is disposed of. */
export interface LoadedRegistry extends AsyncDisposable {
  /** `host:port` of its metrics. */
  readonly metrics: string;
}

/** Milliseconds between two rounds of the clients. */
const PAUSE_MS = 100;

/** Starts a registry with a short grace period and a shared cache to purge, and clients of it. */
export async function startLoadedRegistry(): Promise<LoadedRegistry> {
  await using stack = new AsyncDisposableStack();
  const varnish = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => new Response());
  stack.defer(() => varnish.shutdown());
  const metrics = metricsAtFreePort();
  const { url } = stack.use(
    await startRegistry({
      env: {
        ...metrics.env,
        SKERRY_DEADLINE: "1s",
        SKERRY_GRACE: "4s",
        SKERRY_UPLOAD_EXPIRY: "4s",
        SKERRY_SWEEP_INTERVAL: "1s",
        SKERRY_COLLECT_INTERVAL: "2s",
        SKERRY_PUBLIC: JSON.stringify({
          hosts: ["pull.example.test"],
          purge: { varnish: [`http://127.0.0.1:${varnish.addr.port}`] },
        }),
      },
    }),
  );
  const stopped = new AbortController();
  const running = clients((path, init) => fetch(url + path, init), stopped.signal);
  stack.defer(async () => {
    stopped.abort();
    await running;
  });
  const kept = stack.move();
  return { metrics: metrics.host, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** Pushes, pulls and deletes, and leaves uploads, until it is stopped. */
async function clients(send: Send, stopped: AbortSignal): Promise<void> {
  for (let round = 0; !stopped.aborted; round++) {
    const blob = bytesOf(`blob ${round}`);
    await pushBlob(send, "load/app", blob);
    await pushImage(send, "load/app", "latest");
    const { digest } = await pushManifest(send, "load/app", imageOf(`image ${round}`), `tag-${round}`);
    for (const path of ["manifests/latest", `manifests/${digest}`, `blobs/${digestOf(blob)}`, "tags/list"]) {
      await use(send, path);
    }
    await use(send, `manifests/${digest}`, { method: "DELETE" });
    await use(send, `blobs/${digestOf(blob)}`, { method: "DELETE" });
    const started = await use(send, "blobs/uploads/", { method: "POST" });
    await used(send(started.headers.get("Location")!, { method: "PATCH", body: "left" }));
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

function use(send: Send, path: string, init?: RequestInit): Promise<Response> {
  return used(send(`/v2/load/app/${path}`, init));
}

async function used(sent: Promise<Response>): Promise<Response> {
  const response = await sent;
  await response.body?.cancel();
  return response;
}
