import { tool } from "../tools/tool.ts";
import type { Server } from "./server.ts";

/** Duration of one measurement, in seconds. */
const DURATION_SECONDS = 1;

/** Enough to keep a server of one thread busy at all times. */
const CONNECTIONS = 32;

/** GETs that a server has answered. */
export interface Requests {
  /** Per second. */
  rate: number;
  count: number;
}

/** GETs of a path per second that the server answers, all with 2xx or 3xx. */
export async function requestRate(server: Server, path: string): Promise<number> {
  return (await requests(server, path)).rate;
}

/** GETs of a path with these header fields, as many as the server answers, all with 2xx or 3xx. */
export async function requests(
  { port }: Server,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Requests> {
  const fields = Object.entries(headers).flatMap(([name, value]) => ["--header", `${name}: ${value}`]);
  const url = `http://127.0.0.1:${port}${path}`;
  const args = [
    "--threads=1",
    `--connections=${CONNECTIONS}`,
    `--duration=${DURATION_SECONDS}`,
    ...fields,
    url,
  ];
  const { stdout, stderr, success } = await new Deno.Command(await tool("wrk"), { args }).output();
  if (!success) throw new Error(`Cannot run wrk: ${new TextDecoder().decode(stderr)}`);
  return parseRequests(new TextDecoder().decode(stdout));
}

/**
 * The rate and the count in the output of wrk.
 *
 * @throws {Error} if a request failed: a rate of errors is not a result.
 */
export function parseRequests(output: string): Requests {
  const failed = /^.*(Non-2xx|Socket errors).*$/m.exec(output);
  if (failed !== null) throw new Error(`Cannot measure a server that fails: ${failed[0].trim()}`);
  const rate = Number(/^Requests\/sec:\s+([\d.]+)$/m.exec(output)?.[1] ?? 0);
  const count = Number(/^\s*(\d+) requests in /m.exec(output)?.[1] ?? 0);
  if (rate === 0 || count === 0) throw new Error(`Cannot find the rate in the output of wrk:\n${output}`);
  return { rate, count };
}
