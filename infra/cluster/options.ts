import { parseArgs } from "node:util";

/** Options of the command line. */
export interface ClusterOptions {
  /** Number of replicas. */
  readonly replicas: number;
  /** Port of the balancer; the replicas have the next ones. 0: any free ports. */
  readonly port: number;
  /** Folder that keeps the content; without it the content goes with the cluster. */
  readonly data: string | undefined;
  /** True if a replica that ends is started again. */
  readonly restart: boolean;
}

/** Text of `--help`. */
export const HELP =
  `deno task cluster: run several replicas behind a balancer on this machine, for a first look

  --replicas=N    Start N replicas (default: 3)
  --port=N        Listen on port N, with the replicas on the next ports (default: 8100; 0: any free ports)
  --data=FOLDER   Keep the content in FOLDER (default: remove it at the end)
  --restart       Start a replica again when it ends

Settings of the replicas are environment variables: docs/configuration.md`;

/** Maximum number of replicas: each takes about 100 MiB of memory. */
const MAX_REPLICAS = 20;

/**
 * Reads the arguments of the command; undefined if they ask for help.
 *
 * @throws {TypeError} for an unknown option.
 * @throws {RangeError} for a number that is out of range.
 */
export function parseOptions(args: readonly string[]): ClusterOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      replicas: { type: "string", default: "3" },
      port: { type: "string", default: "8100" },
      data: { type: "string" },
      restart: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  const replicas = wholeNumber("replicas", values.replicas, 1, MAX_REPLICAS);
  return {
    replicas,
    port: wholeNumber("port", values.port, 0, 65_535 - replicas),
    data: values.data,
    restart: values.restart,
  };
}

function wholeNumber(name: string, text: string, min: number, max: number): number {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new RangeError(`--${name} must be a number from ${min} to ${max}, not "${text}"`);
}
