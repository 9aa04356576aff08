import { freePort } from "../harness/ports.ts";
import { tool } from "../tools/tool.ts";
import { answers, ownFolder, type ServiceProcess, startProcess } from "./service_process.ts";

/** A request that a balancer has handed on. */
export interface Balanced {
  /** Requests are counted in the order in which they came. */
  readonly number: number;
  /** Which of the backends, from 0 on; undefined where HAProxy has answered by itself. */
  readonly backend: number | undefined;
  readonly status: number;
  readonly method: string;
  /** Path and query. */
  readonly target: string;
}

/** A running load balancer. */
export interface Haproxy extends ServiceProcess {
  /** `host:port`. */
  readonly host: string;
  /** `http://host:port`, without a slash at the end. */
  readonly url: string;
  /** The requests that have been answered so far, in the order in which they came. */
  requests(): Balanced[];
}

/**
 * Starts HAProxy before these backends (`http://host:port`): each request goes to the next one of them, on any
 * connection, or on a new one unless `keepsConnections`. A backend without a listener is skipped.
 *
 * @throws {Error} When it does not come up.
 */
export async function startHaproxy(
  backends: readonly string[],
  { keepsConnections = true }: { keepsConnections?: boolean } = {},
): Promise<Haproxy> {
  const program = await tool("haproxy");
  const port = freePort();
  const host = `127.0.0.1:${port}`;
  const url = `http://${host}`;
  await using stack = new AsyncDisposableStack();
  const folder = await ownFolder(stack, "haproxy");
  await Deno.writeTextFile(`${folder}/haproxy.cfg`, configuration(host, backends, keepsConnections));
  const process = stack.use(
    await startProcess("HAProxy", {
      program,
      args: ["-db", "-f", `${folder}/haproxy.cfg`], // "-db": stays in the foreground
      ready: () => answers(`${url}/${READY}`),
    }),
  );
  const kept = stack.move();
  return {
    ...process,
    host,
    url,
    requests: () => parseLog(process.log()),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** HAProxy answers this by itself, and logs nothing of it. */
const READY = "haproxy-is-ready";

/** Beginning of a log line about a request. */
const REQUEST = "request";

function configuration(host: string, backends: readonly string[], keepsConnections: boolean): string {
  // One thread, so that "the next backend" means something. Answers as large as these tests like take their time.
  return `
global
  nbthread 1
  log stdout format raw local0

defaults
  mode http${keepsConnections ? "" : "\n  option http-server-close"}
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  timeout http-keep-alive 1h
  # At once to the next backend where a connection is refused.
  retries ${backends.length}
  option redispatch 1

frontend registry
  bind ${host}
  monitor-uri /${READY}
  log global
  log-format "${REQUEST} %rt %s %ST %HM %HU"
  default_backend replicas

backend replicas
  balance roundrobin
${backends.map((backend, index) => `  server ${index} ${new URL(backend).host}`).join("\n")}
`;
}

function parseLog(log: string): Balanced[] {
  const requests: Balanced[] = [];
  // The last line may not be whole yet.
  for (const line of log.slice(0, log.lastIndexOf("\n") + 1).split("\n")) {
    const [kind, number, backend, status, method = "", target = ""] = line.split(" ");
    if (kind !== REQUEST) continue;
    requests.push({
      number: Number(number),
      backend: backend === "<NOSRV>" ? undefined : Number(backend),
      status: Number(status),
      method,
      target,
    });
  }
  return requests.sort((a, b) => a.number - b.number);
}
