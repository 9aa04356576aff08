import { isKeyText } from "../../auth/interface.ts";
import { type Config, FILE_VARIABLE, readConfig, risksOf, StartError } from "../../config/mod.ts";
import { reloadOf } from "../../config/reloadable.ts";
import { verifyFiles } from "../../config/verify_config.ts";
import type { Log } from "../log/mod.ts";
import { digestOf, isChanging } from "./content.ts";
import { Watcher } from "./watcher.ts";

/** A change of the configuration that is ready. */
export interface Prepared {
  /**
   * Makes the change, at once in this process. Requests in progress end under the configuration with which they began.
   * Resolves when it is made in all workers.
   */
  commit(): void | Promise<void>;
  /** Forgets the change. */
  discard?(): void;
}

/** Options of {@linkcode Reloader}. */
export interface ReloaderOptions {
  /** Configuration at the start. */
  config: Config;
  /**
   * Prepares a change.
   *
   * @throws {StartError} if it is impossible.
   */
  prepare: (config: Config) => Promise<Prepared>;
  /** Log of the process. */
  log: Pick<Log, "info" | "warn" | "error">;
  /** Environment variables; by default those of the process. */
  environment?: () => Record<string, string>;
}

/** Attempts to read files that change meanwhile. */
const MAX_ATTEMPTS = 20;

/** Takes over changes of the configuration, one after the other: each of them as a whole, or nothing of it. */
export class Reloader {
  readonly #options: ReloaderOptions;
  readonly #environment: () => Record<string, string>;
  #config: Config;
  /** Digest of the files at the last attempt. */
  #seen = "";
  #watcher: Watcher | undefined;
  #running = Promise.resolve();
  /** Reload that waits for the running one. */
  #waiting: { ifChanged: boolean; done: Promise<void> } | undefined;

  /** Reloads nothing yet. */
  constructor(options: ReloaderOptions) {
    this.#options = options;
    this.#environment = options.environment ?? (() => Deno.env.toObject());
    this.#config = options.config;
  }

  /** Reloads the configuration, and logs the result. With `ifChanged`, files with the same content are left alone. */
  reload({ ifChanged = false } = {}): Promise<void> {
    // The reload that waits will read the files as they are then.
    const waiting = this.#waiting ??= { ifChanged, done: this.#running.then(() => this.#reloadNext()) };
    waiting.ifChanged &&= ifChanged;
    return this.#running = waiting.done;
  }

  /** Reloads after each change of a file from now on, and once now if a file has changed since the start. */
  async watch(): Promise<void> {
    this.#watcher ??= new Watcher({
      changed: () => this.reload({ ifChanged: true }),
      failed: (error) =>
        this.#options.log.error("Cannot watch the configuration: send SIGHUP after a change", error),
    });
    await this.reload({ ifChanged: true });
  }

  /** Watches no longer. */
  [Symbol.dispose](): void {
    this.#watcher?.[Symbol.dispose]();
  }

  async #reloadNext(): Promise<void> {
    let { ifChanged } = this.#waiting!;
    this.#waiting = undefined;
    try {
      // First, so that no change remains unseen.
      await this.#watcher?.watch(this.#files(this.#config));
      do {
        for (let attempt = 0; !await this.#attempt(ifChanged); attempt++) {
          if (attempt === MAX_ATTEMPTS) throw new StartError("The files of the configuration keep changing");
        }
        ifChanged = true;
        // Where the files are other ones now, a change may have come before they were watched.
      } while (await this.#watcher?.watch(this.#files(this.#config)));
    } catch (error) {
      const reason = error instanceof StartError ? error.message : error;
      this.#options.log.error("Cannot reload the configuration: the previous one stays in use", reason);
    }
  }

  /** Reloads once; false if a file has changed meanwhile. */
  async #attempt(ifChanged: boolean): Promise<boolean> {
    let files = this.#files(this.#config);
    let digest = await digestOf(files);
    if (ifChanged && this.#seen === digest) return true;
    try {
      const next = await this.#read();
      if (await digestOf(files) !== digest) return false;
      files = this.#files(next);
      digest = await digestOf(files);
      if (await isChanging(files, digest)) return false;
      const { config, changed, kept } = reloadOf(this.#config, next);
      const isNew = this.#seen !== "" || changed.length + kept.length > 0;
      this.#seen = digest;
      if (ifChanged && !isNew) return true;
      const prepared = await this.#options.prepare(config);
      if (await digestOf(files) !== digest) {
        prepared.discard?.();
        return false;
      }
      await prepared.commit();
      this.#report(config, changed, kept);
      return true;
    } catch (error) {
      // A file that is half written has errors too.
      if (await isChanging(files, digest)) return false;
      this.#seen = digest;
      throw error;
    }
  }

  #report(config: Config, changed: string[], kept: string[]): void {
    const { log } = this.#options;
    const known = risksOf(this.#config);
    this.#config = config;
    for (const risk of risksOf(config)) if (!known.includes(risk)) log.warn(risk);
    if (kept.length > 0) {
      log.warn("Changed settings that need a restart keep their values", { settings: kept.join(", ") });
    }
    log.info("Configuration reloaded", { changed: changed.join(", ") || "no setting" });
  }

  /** @throws {StartError} for a file that is empty: a program has opened it to write it. */
  async #read(): Promise<Config> {
    const environment = this.#environment();
    const path = environment[FILE_VARIABLE];
    const config = await readConfig(environment);
    if (path && (await Deno.readTextFile(path)).trim() === "") {
      throw new StartError(`Cannot use the configuration:\n  "${path}" is empty`);
    }
    return config;
  }

  /** Files that are read with the configuration. Those of users and of a token server are read whenever they change. */
  #files(config: Config): string[] {
    const keys = config.auth?.keys;
    const own = this.#environment()[FILE_VARIABLE];
    const others = [
      own,
      keys !== undefined && isKeyText(keys) ? undefined : keys,
      config.tlsCert,
      config.tlsKey,
    ];
    return [...others, ...verifyFiles(config.verify)]
      .filter((path) => path !== undefined && path !== "") as string[];
  }
}
