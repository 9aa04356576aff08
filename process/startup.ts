import { type Config, isLocal, risksOf, StartError } from "../config/mod.ts";
import { createLog, type Log, type Output } from "./log/mod.ts";

/** Creates the configured log, by default on standard output. */
export function logFor(config: Pick<Config, "log">, output?: Output): Log {
  return createLog({ format: formatOf(config), ...(output && { output }) });
}

function formatOf({ log }: Pick<Config, "log">): "json" | "text" | "off" {
  if (log !== "auto") return log;
  return Deno.stdout.isTerminal() ? "text" : "json";
}

/** Logs the address of the registry, and the risks of its configuration. */
export function announce(url: string, config: Config, log: Log): void {
  for (const risk of risksOf(config)) log.warn(risk);
  const workers = config.workers > 1 ? { workers: config.workers } : {};
  log.info(`Listening on ${url}`, { url, ...placeOf(config), ...workers, deno: Deno.version.deno });
  // The last lines on a terminal, if a person has just started it.
  if (formatOf(config) === "text") { for (const line of nextSteps(url, config)) log.info(line); }
}

function nextSteps(url: string, { host, auth, readOnly }: Config): string[] {
  const registry = url.replace(/^https?:\/\//, "").replace(/^(0\.0\.0\.0|\[::\])/, "127.0.0.1");
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

/** The error of a process that cannot listen where the configuration says. */
export function cannotListen({ host, port }: Pick<Config, "host" | "port">, error: Error): StartError {
  return new StartError(`Cannot listen on ${host}, port ${port}: ${error.message} (set HOST or PORT)`, {
    cause: error,
  });
}
