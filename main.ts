/**
 * The process: reads the configuration, serves the registry, and stops it in order when a signal comes. With arguments
 * it is an operator's command instead.
 *
 * @module
 */
import { deferredRegistry } from "./registry/start.ts";
import { createLog, type Log, plainLines, registerUpkeep, serve, type Server } from "./process/mod.ts";
import type { OpenRegistry } from "./process/open/open_registry.ts";
import {
  type Access,
  type AppOptions,
  createApp,
  preloadRegistryRoute,
  withoutProbes,
} from "./routes/mod.ts";
import { type Config, isLocal, readConfig, risksOf, StartError } from "./config/mod.ts";

/** Milliseconds that a graceful stop may take: Deno Deploy kills 5 s after SIGINT. */
const STOP_LIMIT_MS = 4500;

/**
 * Milliseconds after which a graceful stop ends request bodies. An upload keeps the received bytes, and the rest of the
 * time is for storing them and for the answers.
 */
const BODY_LIMIT_MS = 3000;

/**
 * Milliseconds in which a second signal counts as the first one: if the whole process group gets the signal, a parent
 * such as start.ts forwards it as well.
 */
const SIGNAL_ECHO_MS = 500;

/** Maximum milliseconds that an unread log may delay the exit. */
const FLUSH_LIMIT_MS = 300;

/** Milliseconds from the start until the storage is opened, unless a request needs it sooner. */
const OPEN_DELAY_MS = 50;

// Not literal: Deno would read all their modules before the first line runs, which takes 15% of the CPU time of a start.
const importCommands = (): Promise<typeof import("./cli/mod.ts")> =>
  import(new URL("cli/mod.ts", import.meta.url).href);
const importRegistry = (): Promise<typeof import("./process/open/open_registry.ts")> =>
  import(new URL("process/open/open_registry.ts", import.meta.url).href);

async function main(): Promise<void> {
  if (Deno.args.length === 0) return await serveRegistry();
  const { runCommand } = await importCommands();
  const config = () => readConfig(Deno.env.toObject());
  const code = await runCommand(Deno.args, { serve: serveRegistry, config, print: console.log });
  if (code !== undefined) Deno.exit(code);
}

async function serveRegistry(): Promise<void> {
  const config = await readConfig(Deno.env.toObject());
  const log = createLog({ format: logFormat(config) });
  surviveBugs(log);
  const opener = new Opener(config, log);
  const bodies = new AbortController();
  const app = createApp({
    registry: deferredRegistry(async () => (await opener.open()).registry),
    log: config.logProbes ? log.request : withoutProbes(log.request),
    audit: log.audit,
    auditReady: log.auditReady,
    ...accessTo(config, opener),
    ready: async () => await (await opener.open()).ready(),
    warnings: async () => (await opener.open()).warnings(),
    limits: { ...config, stop: bodies.signal },
  });
  serving(opener);
  const server = listen(config, app.fetch, log);
  announce(server, config, log);
  stopOnSignal({ server, bodies, opener, log });
  // Not `setTimeout`: its first use in a process takes 5 ms, and a client may wait for the first answer.
  AbortSignal.timeout(OPEN_DELAY_MS).addEventListener("abort", () => {
    opener.open();
    preloadRegistryRoute();
  });
}

/** Access control, which is opened with the registry: the process answers liveness probes before that. */
function accessTo({ auth }: Config, opener: Opener): Pick<AppOptions, "access" | "tokens" | "accountTokens"> {
  if (auth === undefined) return {};
  const opened = async () => (await opener.open()).access!;
  const access: Access = { admit: async (...request) => await (await opened()).access.admit(...request) };
  if (auth.external !== undefined) return { access };
  return {
    access,
    tokens: async () => (await opened()).logins!.tokens,
    accountTokens: async () => (await opened()).logins!.accountTokens,
  };
}

function logFormat({ log }: Config): "json" | "text" | "off" {
  if (log !== "auto") return log;
  return Deno.stdout.isTerminal() ? "text" : "json";
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

/** Loads the code of the registry and opens it, once. The process answers liveness probes before that. */
class Opener {
  readonly #config: Config;
  readonly #log: Log;
  #opening: Promise<OpenRegistry> | undefined;

  constructor(config: Config, log: Log) {
    this.#config = config;
    this.#log = log;
  }

  open(): Promise<OpenRegistry> {
    return this.#opening ??= this.#open().catch(fail);
  }

  async #open(): Promise<OpenRegistry> {
    const { openRegistry } = await importRegistry();
    return await openRegistry(this.#config, this.#log);
  }

  /** Closes everything that was opened. */
  async close(): Promise<void> {
    await (await this.#opening)?.close();
  }
}

function listen({ port, host }: Config, fetch: Fetch, log: Log): Server {
  try {
    return serve({
      port,
      hostname: host,
      fetch,
      refused: log.request,
      acceptFailed: (error) => log.error(`Cannot accept connections: ${acceptFailureOf(error)}`, error),
      failed: (error) => endOnFailure(error, log),
      platformAddress: Deno.env.has("DENO_SERVE_ADDRESS") || Deno.env.has("DENO_DEPLOY"),
    });
  } catch (error) {
    const reason = (error as Error).message;
    throw new StartError(`Cannot listen on ${host}, port ${port}: ${reason} (set HOST or PORT)`, {
      cause: error,
    });
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

type Fetch = Parameters<typeof serve>[0]["fetch"];

function announce({ url }: Server, config: Config, log: Log): void {
  for (const risk of risksOf(config)) log.warn(risk);
  log.info(`Listening on ${url}`, { url, ...placeOf(config), deno: Deno.version.deno });
  // The last lines on a terminal, if a person has just started it.
  if (logFormat(config) === "text") { for (const line of nextSteps(url, config)) log.info(line); }
}

function nextSteps(url: string, { host, auth, readOnly }: Config): string[] {
  const registry = url.replace("http://", "").replace(/^(0\.0\.0\.0|\[::\])/, "127.0.0.1");
  if (auth !== undefined) return [`Log in with: docker login ${registry} (docs/access.md)`];
  const push = readOnly ? [] : [
    `Push an image: docker tag alpine ${registry}/alpine && docker push ${registry}/alpine (docs/clients.md)`,
  ];
  return isLocal(host)
    ? [
      ...push,
      "Only this machine can reach it. Before you set HOST, turn on authentication (docs/access.md)",
    ]
    : push;
}

/** Location of the content, for the log. */
function placeOf({ storage, data, s3Bucket, dynamodbTable }: Config): Record<string, string> {
  if (storage === "aws") return { bucket: s3Bucket, table: dynamodbTable };
  return storage === "folder" ? { data } : {};
}

/** Parts of the process that a stop ends. */
interface Running {
  server: Server;
  /** Aborts the request bodies that are not complete. */
  bodies: AbortController;
  opener: Opener;
  log: Log;
}

/**
 * Stops the process gracefully on SIGINT (Deno Deploy, Ctrl+C) or SIGTERM. A second signal after {@linkcode SIGNAL_ECHO_MS}
 * ends it at once.
 */
function stopOnSignal({ server, bodies, opener, log }: Running): void {
  let stoppingSince: number | undefined;
  const stop = async (signal: Deno.Signal) => {
    if (stoppingSince !== undefined) {
      if (performance.now() - stoppingSince > SIGNAL_ECHO_MS) Deno.exit(1);
      return;
    }
    stoppingSince = performance.now();
    log.info("Shutting down", { signal });
    setTimeout(() => bodies.abort(), BODY_LIMIT_MS);
    if (await server.stop(STOP_LIMIT_MS)) {
      await opener.close().catch((error) => log.error("Cannot close the storage", error));
    } else {
      log.warn("Shutdown timed out: open requests aborted");
    }
    setTimeout(() => Deno.exit(0), FLUSH_LIMIT_MS);
    await log.flush();
    Deno.exit(0);
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    if (signal === "SIGTERM" && Deno.build.os === "windows") continue;
    Deno.addSignalListener(signal, () => stop(signal));
  }
}

/** Prints why the process cannot continue; only a bug needs more than one line. */
function fail(error: unknown): never {
  console.error(error instanceof StartError ? plainLines(error.message) : error);
  Deno.exit(1);
}

const { promise: served, resolve: serving } = Promise.withResolvers<Opener>();
registerUpkeep(async (budget) => await (await (await served).open()).upkeep(budget));
await main().catch(fail);
