/**
 * The process: reads the configuration, assembles the registry and serves it until a signal ends it.
 *
 * @module
 */
import { cached } from "./cache/mod.ts";
import { type Config, loadConfig } from "./config.ts";
import { createLog, type Log } from "./log.ts";
import { createRegistry, readOnly, type Registry, type StoredRegistry, withDeletes } from "./registry/mod.ts";
import { createApp } from "./routes/mod.ts";
import { serve, type Server } from "./server.ts";
import { openStorage, type Storage } from "./open_storage.ts";
import { startSweeper, type Sweeper } from "./sweeper.ts";

/** Milliseconds that a graceful stop may take: Deno Deploy kills 5 s after SIGINT. */
const STOP_LIMIT = 4500;

async function main(): Promise<void> {
  const config = await loadConfig(Deno.env.toObject());
  const log = createLog({ format: logFormat(config) });
  surviveBugs(log);
  const storage = await openStorage(config);
  const stored = createRegistry({ ...config, ...storage, touch: !config.readOnly });
  const app = createApp({
    registry: restrict(stored.registry, config),
    log: log.request,
    ready: storage.ready,
    limits: config,
  });
  const server = listen(config, app.fetch, log);
  const sweeper = sweepUploads(stored, config, log);
  stopOnSignal({ server, sweeper, storage, log });
  announce(server, config, log);
}

function logFormat({ log }: Config): "json" | "text" | "off" {
  if (log !== "auto") return log;
  return Deno.stdout.isTerminal() ? "text" : "json";
}

/**
 * What no request stands for any more must not end the requests that are well. There is nothing in this process to be
 * left in a wrong state: each write is valid by itself, wherever it ends.
 */
function surviveBugs(log: Log): void {
  globalThis.addEventListener("error", (event) => {
    event.preventDefault();
    log.error("An error that nobody caught", event.error);
  });
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    log.error("A rejection that nobody handled", event.reason);
  });
}

/** The registry with what the configuration takes away and what the cache adds. */
function restrict(registry: Registry, config: Config): Registry {
  const { deleteTags: tags, deleteManifests: manifests, deleteBlobs: blobs } = config;
  const deletable = withDeletes(registry, { tags, manifests, blobs });
  const allowed = config.readOnly ? readOnly(deletable) : deletable;
  return config.cacheAge > 0 ? cached(allowed, { age: config.cacheAge }) : allowed;
}

function listen({ port, host }: Config, fetch: Fetch, log: Log): Server {
  try {
    return serve({
      port,
      hostname: host,
      fetch,
      refused: (request, response) =>
        log.request({
          time: Date.now(),
          method: request.method,
          route: undefined,
          path: new URL(request.url).pathname.slice(0, 512),
          status: response.status,
          bytes: 0,
          duration: 0,
          id: "stopping",
        }),
    });
  } catch (error) {
    throw new Error(`Cannot listen on ${host}, port ${port}: ${(error as Error).message}`, { cause: error });
  }
}

type Fetch = (request: Request, info: Deno.ServeHandlerInfo) => Response | Promise<Response>;

function sweepUploads({ sweep }: StoredRegistry, { sweepInterval, readOnly }: Config, log: Log): Sweeper {
  return startSweeper({
    interval: readOnly ? 0 : sweepInterval,
    failed: (error) => log.error("Cannot sweep expired uploads", error),
    async sweep() {
      const { uploads, objects } = await sweep();
      if (uploads > 0) log.info("Removed expired uploads", { uploads, objects });
    },
  });
}

/** SIGINT (Deno Deploy, Ctrl+C) or SIGTERM (everybody else) stops gracefully; a second one ends at once. */
function stopOnSignal(process: { server: Server; sweeper: Sweeper; storage: Storage; log: Log }): void {
  let stopping = false;
  const stop = async (signal: Deno.Signal) => {
    if (stopping) Deno.exit(1);
    stopping = true;
    const { server, sweeper, storage, log } = process;
    log.info("Stopping", { signal });
    const ended = await server.stop(STOP_LIMIT);
    if (!ended) log.warn("Cut off what did not end in time");
    try {
      if (ended) await sweeper.stop();
      await storage.close();
    } catch (error) {
      log.error("Cannot close the storage", error);
    }
    await log.flush();
    Deno.exit(0);
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    if (signal === "SIGTERM" && Deno.build.os === "windows") continue;
    Deno.addSignalListener(signal, () => stop(signal));
  }
}

function announce({ url }: Server, config: Config, log: Log): void {
  const where = config.storage === "folder" ? { data: config.data } : {};
  log.info(`Listening on ${url}`, { url, ...where, deno: Deno.version.deno });
  if (config.storage === "memory") log.warn("Content is kept in memory alone and ends with this process");
}

try {
  await main();
} catch (error) {
  console.error((error as Error).message);
  Deno.exit(1);
}
