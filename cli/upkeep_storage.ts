import { createLog } from "../log.ts";
import { openStorage, type Storage } from "../open_storage.ts";
import type { Config } from "../settings.ts";
import { StartError } from "../start_error.ts";

/**
 * Opens the storage for work beside the registry, and tries nothing out.
 *
 * @throws {StartError} where it can't be used, or is the memory of another process.
 */
export async function openForUpkeep(config: Config): Promise<Storage> {
  if (config.storage === "memory") {
    throw new StartError(
      "There is nothing to work on: content is in the memory of the process that serves it",
    );
  }
  return await openStorage({ ...config, s3VerifiesContent: "off" }, createLog({ format: "off" }));
}
