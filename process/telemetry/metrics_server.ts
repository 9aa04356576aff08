import { type Config, StartError } from "../../config/mod.ts";
import { EXPOSITION_TYPE } from "../../telemetry/mod.ts";
import { urlOf } from "../connections/server.ts";

/** Server of the metrics. */
export interface MetricsServer {
  /** Address of the metrics. */
  readonly url: string;
  /** Stops listening. */
  close(): Promise<void>;
}

/**
 * Serves the metrics at `/metrics` on a port of their own, without a login: they name no repository and no account.
 *
 * @throws {StartError} if it cannot listen.
 */
export function serveMetrics(
  { metricsHost: hostname, metricsPort: port }: Config,
  collect: () => Promise<string>,
): MetricsServer {
  if (port === "off") throw new TypeError("Cannot serve metrics: they are off");
  try {
    const server = Deno.serve({ hostname, port, onListen() {} }, (request) => answer(request, collect));
    return { url: `${urlOf(server.addr)}/metrics`, close: () => server.shutdown() };
  } catch (error) {
    const reason = (error as Error).message;
    throw new StartError(
      `Cannot serve metrics on ${hostname}, port ${port}: ${reason} (set SKERRY_METRICS_PORT)`,
      { cause: error },
    );
  }
}

async function answer(request: Request, collect: () => Promise<string>): Promise<Response> {
  if (new URL(request.url).pathname !== "/metrics") return new Response("See /metrics\n", { status: 404 });
  if (request.method !== "GET" && request.method !== "HEAD") {
    return new Response(null, { status: 405, headers: { Allow: "GET, HEAD" } });
  }
  return new Response(await collect(), { headers: { "Content-Type": EXPOSITION_TYPE } });
}
