import { tool } from "../tools/tool.ts";
import type { Server } from "./server.ts";

/** How long one measurement takes, in seconds. */
const SECONDS = 1;

/** Enough to keep a server of one thread busy at all times. */
const CONNECTIONS = 32;

/** GETs of a path per second that the server answers, all with 2xx. */
export async function requestRate(server: Server, path: string): Promise<number> {
  const url = `http://127.0.0.1:${server.port}${path}`;
  const args = ["--threads=1", `--connections=${CONNECTIONS}`, `--duration=${SECONDS}`, url];
  const { stdout, stderr, success } = await new Deno.Command(await tool("wrk"), { args }).output();
  if (!success) throw new Error(`Cannot run wrk: ${new TextDecoder().decode(stderr)}`);
  return parseRate(new TextDecoder().decode(stdout));
}

/**
 * The rate in what wrk has printed.
 *
 * @throws {Error} where a request failed: the rate of errors is not what anybody wants to know.
 */
export function parseRate(output: string): number {
  const failed = /^.*(Non-2xx|Socket errors).*$/m.exec(output);
  if (failed !== null) throw new Error(`Cannot measure a server that fails: ${failed[0].trim()}`);
  const [, rate] = /^Requests\/sec:\s+([\d.]+)$/m.exec(output) ?? [];
  if (rate === undefined || Number(rate) === 0) {
    throw new Error(`Cannot find the rate in the output of wrk:\n${output}`);
  }
  return Number(rate);
}
