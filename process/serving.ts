import type { Config } from "../config/mod.ts";
import { preloadRegistryRoute } from "../routes/mod.ts";
import { Apps } from "./apps.ts";
import { serve, type Server } from "./connections/server.ts";
import type { Tls } from "./connections/tls/mod.ts";
import type { Log } from "./log/mod.ts";
import type { Prepared } from "./reload/mod.ts";
import { Opener, type Part } from "./opener.ts";
import { cannotListen } from "./startup.ts";
import type { Telemetry } from "./telemetry/mod.ts";
import { bodyLimitOf, requestLimitOf } from "./stop_limits.ts";
import { onStopSignal } from "./stop_signal.ts";

/** Part of the drain in which reads are refused: enough for a balancer without health checks to notice. */
const REFUSING_SHARE = 1 / 4;

/** Maximum milliseconds that an unread log may delay the exit. */
const FLUSH_LIMIT_MS = 300;

/** The same of a worker, which writes in smaller pieces, and not on Deno Deploy. */
const WORKER_FLUSH_LIMIT_MS = 1000;

/** Milliseconds from the start until the storage is opened, unless a request needs it sooner. */
const OPEN_DELAY_MS = 50;

// Not literal: Deno would read its modules before the first line runs, and few registries need them.
const importTls = (): Promise<typeof import("./connections/tls/mod.ts")> =>
  import(new URL("connections/tls/mod.ts", import.meta.url).href);

// Not literal: it loads libraries, and a registry without telemetry needs none.
const importTelemetry = (): Promise<typeof import("./telemetry/mod.ts")> =>
  import(new URL("telemetry/mod.ts", import.meta.url).href);

/** A process that serves the whole registry. */
const WHOLE: Part = {
  share: 1,
  runsUpkeep: true,
  othersRespond: () => true,
  warningsOfOthers: () => [],
  opened() {},
  servesMetrics: true,
  metricsOfOthers: () => Promise.resolve([]),
};

/** A process that serves the registry. */
export interface Serving {
  /** Address of the registry. */
  readonly url: string;
  /** Opens the registry, once. */
  readonly opener: Opener;
  /** Metrics and spans of the process, if any are configured. */
  readonly telemetry: Telemetry | undefined;
  /** Stops the process gracefully, as a signal does. */
  readonly stop: (signal: Deno.Signal) => void;
  /**
   * Prepares a change to another configuration, which must differ only in settings that can change. Nothing changes
   * before its `commit`.
   *
   * @throws {StartError} if a file of the configuration cannot be used.
   */
  prepare(config: Config): Promise<Prepared>;
}

/**
 * Serves the registry in this process until a signal ends it: all of it, or the part of one of several workers.
 *
 * @throws {StartError} if it cannot listen, or cannot use the certificate.
 */
export async function startServing(config: Config, log: Log, part: Part = WHOLE): Promise<Serving> {
  surviveBugs(log);
  const tls = config.tlsCert === "" ? undefined : await (await importTls()).Tls.open(config, log);
  // Before all that it is to see.
  const telemetry = await telemetryOf(config, part);
  const opener = new Opener(config, log, part);
  // Timers that a request started would belong to its trace.
  if (telemetry?.began !== undefined) opener.open();
  const bodies = new AbortController();
  const leaving = { isDraining: false };
  const apps = new Apps({
    opener,
    log,
    part,
    leaving,
    stop: bodies.signal,
    ...(telemetry && { telemetry }),
  });
  // A request keeps the app with which it began, and with it a configuration.
  let app = apps.first(config);
  const server = listen(config, (request, info) => app.fetch(request, info), { log, part, tls });
  telemetry?.watch(server);
  if (telemetry?.url !== undefined) log.info("Serving metrics", { url: telemetry.url });
  const drain = () => drainOf(server, config.drain, leaving);
  const stop = stopOnSignal({ config, server, drain, bodies, opener, log, isWorker: part !== WHOLE });
  // Not `setTimeout`: its first use in a process takes 5 ms, and a client may wait for the first answer.
  AbortSignal.timeout(OPEN_DELAY_MS).addEventListener("abort", () => {
    opener.open();
    preloadRegistryRoute();
  });
  return {
    url: server.url,
    opener,
    telemetry,
    stop,
    async prepare(config) {
      const change = await (await opener.open()).prepare(config);
      const next = apps.next(config, change.served);
      // At the end: it has to be discarded.
      const certificate = await tls?.prepare(config);
      return {
        commit() {
          change.commit();
          app = next;
          certificate?.commit();
        },
        discard: () => certificate?.discard(),
      };
    },
  };
}

/** Telemetry for Prometheus or by Deno's exporter (https://docs.deno.com/runtime/fundamentals/open_telemetry/). */
async function telemetryOf(config: Config, part: Part): Promise<Telemetry | undefined> {
  const traces = /^(1|true)$/.test(Deno.env.get("OTEL_DENO") ?? "");
  if (config.metricsPort === "off" && !traces) return undefined;
  return await (await importTelemetry()).openTelemetry(config, part, traces);
}

/**
 * Logs an uncaught error and keeps serving the other requests. The process has no state that such an error could break:
 * each write is valid by itself.
 */
function surviveBugs(log: Log): void {
  globalThis.addEventListener("error", (event) => {
    event.preventDefault();
    log.error("Uncaught error", event.error);
  });
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    log.error("Unhandled promise rejection", event.reason);
  });
}

type Fetch = Parameters<typeof serve>[0]["fetch"];

function listen(
  config: Config,
  fetch: Fetch,
  { log, part, tls }: { log: Log; part: Part; tls: Tls | undefined },
): Server {
  try {
    return serve({
      port: config.port,
      hostname: config.host,
      fetch,
      refused: log.request,
      acceptFailed: (error) => log.error(`Cannot accept connections: ${acceptFailureOf(error)}`, error),
      failed: (error) => endOnFailure(error, log),
      platformAddress: Deno.env.has("DENO_SERVE_ADDRESS") || Deno.env.has("DENO_DEPLOY"),
      share: part.share,
      ...(tls && { tls }),
    });
  } catch (error) {
    throw cannotListen(config, error as Error);
  }
}

function acceptFailureOf(error: Error): string {
  return (error as { code?: string }).code === "EMFILE"
    ? "too many open files; idle connections are closed (raise the limit: `ulimit -n`, LimitNOFILE)"
    : "retrying";
}

/** Ends a process that no client can reach, so that a supervisor starts another one. */
async function endOnFailure(error: Error, log: Log): Promise<void> {
  log.error(
    "Cannot accept connections any more: exiting with 1, so that the supervisor restarts the process",
    error,
  );
  setTimeout(() => Deno.exit(1), FLUSH_LIMIT_MS);
  await log.flush();
  Deno.exit(1);
}

/** Parts of the process that a stop ends. */
interface Running {
  config: Config;
  server: Server;
  /** Resolves when load balancers send their requests elsewhere. */
  drain: () => Promise<void>;
  /** Aborts the request bodies that are not complete. */
  bodies: AbortController;
  opener: Opener;
  log: Log;
  /** True for a worker: its supervisor logs the stop. */
  isWorker: boolean;
}

/**
 * Serves for `limit` milliseconds more, while load balancers notice that the process is leaving: those with active health
 * checks by the readiness probe, all others by a read that is refused, which they send to another process.
 */
async function drainOf(server: Server, limit: number, leaving: { isDraining: boolean }): Promise<void> {
  leaving.isDraining = true;
  server.drain();
  await sleep(limit * (1 - REFUSING_SHARE));
  server.refuseReads();
  await sleep(limit * REFUSING_SHARE);
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/**
 * Stops the process gracefully on a signal. A second one ends it at once. SIGINT skips the drain: it comes from a terminal,
 * or from Deno Deploy, which sends no more requests.
 */
function stopOnSignal({ config, server, drain, bodies, opener, log, isWorker }: Running): Serving["stop"] {
  return onStopSignal(async (signal) => {
    if (!isWorker) log.info("Shutting down", { signal });
    if (signal === "SIGTERM") await drain();
    const limit = requestLimitOf(config, signal);
    setTimeout(() => bodies.abort(), bodyLimitOf(limit));
    if (await server.stop(limit)) {
      await opener.close().catch((error) => log.error("Cannot close the storage", error));
    } else {
      log.warn("Shutdown timed out: open requests aborted");
    }
    setTimeout(() => Deno.exit(0), isWorker ? WORKER_FLUSH_LIMIT_MS : FLUSH_LIMIT_MS);
    await log.flush();
    Deno.exit(0);
  }, () => Deno.exit(1));
}
