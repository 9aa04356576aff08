import { type Config, StartError } from "../../config/mod.ts";
import { RegistryError } from "../../oci/mod.ts";
import { MisuseError } from "../command.ts";
import type { Source } from "./source.ts";

// Not literal: a command loads only the one that it uses.
const importStorage = (): Promise<typeof import("./storage_source.ts")> =>
  import(new URL("storage_source.ts", import.meta.url).href);
const importRemote = (): Promise<typeof import("./remote/mod.ts")> =>
  import(new URL("remote/mod.ts", import.meta.url).href);

/** Options of {@linkcode withSource}. */
export interface SourceOptions {
  /** Reads the configuration; called only for the storage. */
  config: () => Promise<Config>;
  /** Address of a running registry; the storage of the configuration by default. */
  url: string | undefined;
  /** Account at the running registry. */
  username: string | undefined;
}

/**
 * Uses the API over the storage, or at a running registry.
 *
 * @throws {MisuseError} for a user name without an address.
 * @throws {StartError} for everything that the registry refuses, and if it cannot be used.
 */
export async function withSource<T>(
  { config, url, username }: SourceOptions,
  use: (source: Source) => Promise<T>,
): Promise<T> {
  if (url === undefined && username !== undefined) throw new MisuseError("Missing --url for --username");
  await using source = url === undefined
    ? await (await importStorage()).openStorageSource(await config())
    : await (await importRemote()).openRemoteSource({ url, username });
  try {
    return await use(source);
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    throw new StartError(error.message, { cause: error });
  }
}
