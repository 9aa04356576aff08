import { tool } from "../tools/tool.ts";
import type { Server } from "./server.ts";

/** How long one measurement takes, in seconds. */
const SECONDS = 2;

/** Enough to keep a server of one thread busy at all times. */
const CONNECTIONS = 32;

/** Requests per second that the server answers, all with 2xx. `paths` are asked for in turn. */
export async function requestRate(
  server: Server,
  paths: readonly string[],
  method: "GET" | "HEAD" = "GET",
): Promise<number> {
  const script = await Deno.makeTempFile({ suffix: ".lua" });
  try {
    await Deno.writeTextFile(script, luaScript(paths, method));
    const url = `http://127.0.0.1:${server.port}`;
    const args = [
      "--threads=1",
      `--connections=${CONNECTIONS}`,
      `--duration=${SECONDS}`,
      "--script",
      script,
      url,
    ];
    const { stdout, stderr, success } = await new Deno.Command(await tool("wrk"), { args }).output();
    if (!success) throw new Error(`Cannot run wrk: ${new TextDecoder().decode(stderr)}`);
    return parseRate(new TextDecoder().decode(stdout));
  } finally {
    await Deno.remove(script);
  }
}

/** All requests are made beforehand: nothing but the sending of them is left to be measured. */
function luaScript(paths: readonly string[], method: string): string {
  return `local paths = { ${paths.map((path) => JSON.stringify(path)).join(", ")} }
local requests, i = {}, 0
init = function() for n, path in ipairs(paths) do requests[n] = wrk.format("${method}", path) end end
request = function() i = i % #requests + 1 return requests[i] end
`;
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
  if (rate === undefined) throw new Error(`Cannot find the rate in the output of wrk:\n${output}`);
  return Number(rate);
}
