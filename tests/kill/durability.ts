import { dirname } from "node:path";
import { type CallEvent, fileOf, pathsOf, type SystemCall } from "./system_calls.ts";

/** Files, folders and commits that were synced between two answers. */
export interface Synced {
  /** The status of the answer that followed. */
  status: number;
  /** Files of objects. */
  files: number;
  /** Folders. */
  folders: number;
  /** Commits of the table. */
  commits: number;
}

/** Result of a trace of a registry's system calls. */
export interface DurabilityReport {
  /** Answers that were sent while something was not durable, and other orders that a power cut could make wrong. */
  problems: string[];
  /** One for each answer. */
  answers: Synced[];
}

/** Goes through the system calls of a registry, in their order, and watches what is durable below `folder`. */
export function traceDurability(events: Iterable<CallEvent>, folder: string): DurabilityReport {
  const watch = new Watch(folder);
  for (const { phase, call } of events) {
    if (phase === "begin") watch.begin(call);
    else if (call.result >= 0) watch.end(call);
  }
  return watch.report;
}

class Watch {
  readonly report: DurabilityReport = { problems: [], answers: [] };
  readonly #folder: string;
  /** Files and folders that have changed since they were last synced, with the number of changes so far. */
  readonly #changes = new Map<string, number>();
  /** Files that are known to be there. */
  readonly #existing = new Set<string>();
  /** Of the syncs that are going on, the changes that they cover. */
  readonly #syncs = new Map<SystemCall, { path: string; changes: number | undefined }>();
  /** Folders in which a file has got the name by which it will be found. */
  readonly #published = new Set<string>();
  #synced: Omit<Synced, "status"> = { files: 0, folders: 0, commits: 0 };
  #count = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  begin(call: SystemCall): void {
    const file = fileOf(call);
    if (/^(write|writev|pwrite64|pwritev|sendto|sendmsg)$/.test(call.name)) {
      const status = /"HTTP\/1\.1 (\d{3})/.exec(call.args)?.[1];
      if (status !== undefined && status !== "100") this.#answer(Number(status));
      if (this.#isWatched(file)) this.#write(file);
    } else if (call.name === "ftruncate" && this.#isWatched(file)) {
      this.#change(file);
    } else if (/^f(data)?sync$/.test(call.name) && file !== undefined) {
      this.#syncs.set(call, { path: file, changes: this.#changes.get(file) });
    } else if (/^rename/.test(call.name)) {
      const [from = ""] = pathsOf(call);
      if (this.#changes.has(from)) {
        this.report.problems.push(`${from} is renamed before its content is synced`);
      }
    }
  }

  end(call: SystemCall): void {
    const [path = "", renamed = ""] = pathsOf(call);
    if (/^(mkdir|mkdirat)$/.test(call.name) && this.#isWatched(path)) this.#change(dirname(path));
    if (call.name === "openat" && call.args.includes("O_CREAT") && this.#isWatched(path)) this.#create(path);
    if (/^rename/.test(call.name) && this.#isWatched(renamed)) {
      this.#change(dirname(renamed));
      this.#published.add(dirname(renamed));
    }
    if (/^unlink/.test(call.name)) this.#changes.delete(path);
    const sync = this.#syncs.get(call);
    if (sync !== undefined) this.#endSync(call, sync);
  }

  #create(path: string): void {
    if (this.#existing.has(path)) return;
    this.#existing.add(path);
    this.#change(dirname(path));
  }

  #write(file: string): void {
    this.#change(file);
    // What names an object is written once a power cut can't take the object any more.
    if (!isTable(file)) return;
    for (const folder of this.#published) {
      this.report.problems.push(`The table is written before ${folder}, which has a new object, is synced`);
    }
  }

  #endSync(call: SystemCall, { path, changes }: { path: string; changes: number | undefined }): void {
    this.#syncs.delete(call);
    if (!path.startsWith(this.#folder)) return;
    if (isTable(path)) this.#synced.commits++;
    else if (this.#isFolder(path)) this.#synced.folders++;
    else this.#synced.files++;
    // What has changed while the sync was going on, it may have missed.
    if (this.#changes.get(path) !== changes) return;
    this.#changes.delete(path);
    this.#published.delete(path);
  }

  #answer(status: number): void {
    if (status < 300) {
      for (const path of this.#changes.keys()) {
        this.report.problems.push(
          `Answer ${this.report.answers.length} is ${status}, and ${path} is not synced`,
        );
      }
    }
    this.report.answers.push({ status, ...this.#synced });
    this.#synced = { files: 0, folders: 0, commits: 0 };
  }

  #change(path: string): void {
    this.#changes.set(path, ++this.#count);
  }

  #isWatched(path: string | undefined): path is string {
    // The index of the log is made anew from the log after a crash.
    return path !== undefined && path.startsWith(`${this.#folder}/`) && !path.endsWith("-shm");
  }

  #isFolder(path: string): boolean {
    return !path.endsWith(".staged") && !path.endsWith(".object") && !isTable(path);
  }
}

function isTable(path: string): boolean {
  return /\.sqlite(-wal)?$/.test(path);
}
