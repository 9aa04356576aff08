import { type RegistryProcess, startRegistry } from "../harness/registry_process.ts";

/**
 * Registry processes over one store, which can be killed and come back. Whatever else there is to test crashes with,
 * such as several replicas over shared stores, only has to be one of these.
 */
export interface Deployment extends AsyncDisposable {
  /** Where it can be reached, at any of these; another set after each {@linkcode restart}. */
  urls(): readonly string[];
  /** Ends processes without a warning, so that what they were doing stays as it is. Settles when they are gone. */
  kill(): Promise<void>;
  /** Brings back what was killed, and settles when it answers. */
  restart(): Promise<void>;
  /** All that its processes have written to their logs. */
  log(): string;
}

/** One process on a data folder, which the caller makes and removes. */
export async function startSingle(
  data: string,
  env: Readonly<Record<string, string>>,
): Promise<Deployment> {
  let process: RegistryProcess = await startRegistry({ data, env });
  let earlier = "";
  return {
    urls: () => [process.url],
    async kill() {
      await process.kill("SIGKILL");
      earlier += process.log();
    },
    async restart() {
      process = await startRegistry({ data, env });
    },
    log: () => earlier + process.log(),
    [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
  };
}
