import { dirname } from "node:path";
import { entriesOf } from "./entries.ts";

/** Options of {@linkcode Watcher}. */
export interface WatcherOptions {
  /** Called after changes, when they have paused. */
  changed: () => void;
  /** Called if the folders cannot be watched; they are watched no more then. */
  failed: (error: unknown) => void;
  /** Milliseconds without a change that end a series of them; 300 by default. */
  pause?: number;
}

/**
 * Watches files by the folders that they, and the links to them, are in. The files may be absent, written slowly or
 * replaced.
 */
export class Watcher implements Disposable {
  readonly #options: WatcherOptions;
  #entries: ReadonlySet<string> = new Set();
  #watching: Deno.FsWatcher | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Watches nothing yet. */
  constructor(options: WatcherOptions) {
    this.#options = options;
  }

  /**
   * Watches these files from now on, and no others. Links are followed as they are now. True if it began anew: a change
   * in that moment may remain unseen.
   */
  async watch(paths: string[]): Promise<boolean> {
    const entries = new Set((await Promise.all(paths.map(entriesOf))).flat());
    if (entries.size === this.#entries.size && entries.isSubsetOf(this.#entries)) return false;
    this.#entries = entries;
    this.#watching?.close();
    try {
      this.#watching = Deno.watchFs(await existing([...entries].map(dirname)), { recursive: false });
    } catch (error) {
      this.#watching = undefined;
      this.#options.failed(error);
      return false;
    }
    this.#follow(this.#watching);
    return true;
  }

  /** Stops. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#watching?.close();
    this.#watching = undefined;
  }

  async #follow(watching: Deno.FsWatcher): Promise<void> {
    try {
      for await (const { kind, paths } of watching) {
        if (kind !== "access" && paths.some((path) => this.#entries.has(path))) this.#note();
      }
    } catch (error) {
      if (watching === this.#watching) this.#options.failed(error);
    }
  }

  #note(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#options.changed(), this.#options.pause ?? 300);
  }
}

/** Those of the folders that exist, once each. */
async function existing(folders: string[]): Promise<string[]> {
  const unique = [...new Set(folders)];
  const found = await Promise.all(unique.map((folder) => Deno.stat(folder).then(() => true, () => false)));
  return unique.filter((_, index) => found[index]);
}
