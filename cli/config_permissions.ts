import { FILE_VARIABLE } from "../config/mod.ts";
import type { Config } from "../config/mod.ts";
import { serviceOptions, startOptions } from "../process/start/mod.ts";

/**
 * `skerry config permissions`: prints the options of `deno run` that serving takes with this configuration, one a line.
 *
 * @returns The exit code.
 */
export function configPermissions(
  config: Config,
  print: (text: string) => void,
  environment: Record<string, string> = Deno.env.toObject(),
): number {
  const root = decodeURIComponent(new URL(".", Deno.mainModule).pathname);
  const options = startOptions(config, root, environment[FILE_VARIABLE]);
  const { workers } = config;
  const more = serviceOptions(environment, { options, workers, deno: Deno.execPath() });
  for (const option of [...options, ...more]) print(option);
  return 0;
}
