import { type Config, StartError } from "../../config/mod.ts";
import { RegistryError } from "../../oci/mod.ts";
import type { Source } from "./source.ts";
import { openStorageSource } from "./storage_source.ts";

/**
 * Uses the API over the storage.
 *
 * @throws {StartError} for everything that the registry refuses, and if it cannot be used.
 */
export async function withSource<T>(
  { config }: { config: () => Promise<Config> },
  use: (source: Source) => Promise<T>,
): Promise<T> {
  await using source = await openStorageSource(await config());
  try {
    return await use(source);
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    throw new StartError(error.message, { cause: error });
  }
}
