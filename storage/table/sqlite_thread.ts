/**
 * The thread of `sqlite_writer.ts`: commits one batch of writes at a time, so that only this thread waits for fsync.
 *
 * @module
 */
import { DatabaseSync } from "node:sqlite";
import { BatchWriter, type Outcome, type Write } from "./sqlite_batch.ts";
import { prepareDatabase } from "./sqlite_schema.ts";

/** Name of the thread. */
export const THREAD_NAME = "skerry-sqlite-writer";

/** Message to the thread: a batch for the database at a path, or the request to close that database and end. */
export type ThreadRequest = { path: string; writes: Write[] } | "end";

/** Answer to each message; the request to end has no outcomes. An error has the fields of SQLite's error. */
export type ThreadAnswer =
  | { outcomes: Outcome[] }
  | { error: { message: string; code?: unknown; errcode?: unknown } };

/** Used part of a worker's global scope; the project's types are those of the main thread. */
interface Scope {
  name?: string;
  onmessage: (event: MessageEvent<ThreadRequest>) => void;
  postMessage(answer: ThreadAnswer): void;
}

/** KiB of the page cache. The pages that writes go through, and not all content as in the cache of the readers. */
const CACHE_KIB = 8_000;

/**
 * Milliseconds that a batch waits for the lock of another process here. A commit takes about as long on a busy disk, so
 * that processes take turns. Longer waits are in `group_commit.ts`, where each write has a deadline of its own.
 */
const LOCK_WAIT_MS = 40;

/** An open database with its writer. */
interface Opened extends Disposable {
  writer: BatchWriter;
}

function open(path: string): Opened {
  const db = new DatabaseSync(path, { timeout: LOCK_WAIT_MS });
  try {
    prepareDatabase(db, path);
    db.exec(`PRAGMA cache_size = -${CACHE_KIB}`);
    return { writer: new BatchWriter(db), [Symbol.dispose]: () => db.close() };
  } catch (error) {
    db.close();
    throw error;
  }
}

function serve(scope: Scope): void {
  let opened: Opened | undefined;
  const outcomesOf = (request: ThreadRequest): Outcome[] => {
    if (request === "end") {
      opened?.[Symbol.dispose]();
      return [];
    }
    opened ??= open(request.path);
    return opened.writer.run(request.writes);
  };
  scope.onmessage = ({ data }) => {
    try {
      scope.postMessage({ outcomes: outcomesOf(data) });
    } catch (error) {
      const { message, code, errcode } = error as Error & { code?: unknown; errcode?: unknown };
      scope.postMessage({ error: { message, code, errcode } });
    }
  };
}

// The main thread imports this module for its name alone. That puts it into the module graph, so that `deno install`
// fetches it with the rest and `--cached-only` finds it.
const scope = globalThis as unknown as Scope;
if (scope.name === THREAD_NAME) serve(scope);
