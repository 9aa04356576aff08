import { type Config, StartError } from "../../config/mod.ts";
import { purgeRules } from "../../config/purge_rules.ts";
import { openTarget } from "../../purge/mod.ts";
import type { Outbox } from "../../registry/mod.ts";
import type { Log } from "../log/mod.ts";
import { type Purging, startPurging } from "./purging.ts";

/**
 * Starts the purges of the configured shared cache; `undefined` if this process cannot reach it.
 *
 * @throws {StartError} if the API token cannot be read.
 */
export async function openPurging(
  config: Config,
  outbox: Outbox,
  { log, runsUpkeep }: { log: Log; runsUpkeep: boolean },
): Promise<Purging | undefined> {
  const options = config.public?.purge;
  const { purges } = purgeRules(config);
  if (options === undefined || purges === undefined) return undefined;
  if ("deno" in options && Deno.env.get("DENO_DEPLOY") === undefined) {
    log.info("Purges wait for the app on Deno Deploy: only the app can reach its CDN");
    return undefined;
  }
  await tokenOf(config);
  const target = openTarget(options, { token: () => tokenOf(config), region: config.awsRegion });
  const takesOthers = runsUpkeep && !config.readOnly;
  return startPurging({ outbox, target, delay: purges.delay, takesOthers, log });
}

async function tokenOf({ purgeToken, purgeTokenFile }: Config): Promise<string> {
  if (purgeTokenFile === "") return purgeToken;
  try {
    return (await Deno.readTextFile(purgeTokenFile)).trim();
  } catch (error) {
    throw new StartError(`Cannot read purgeTokenFile "${purgeTokenFile}": ${(error as Error).message}`, {
      cause: error,
    });
  }
}
