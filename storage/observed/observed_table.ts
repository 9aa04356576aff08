import type { Observer } from "../../telemetry/observer.ts";
import type { Table } from "../ports.ts";

/**
 * Table whose calls the observer sees. A change count is no call: it reads a number of SQLite in this process, once for
 * every pull.
 */
export function observedTable(table: Table, observer: Observer): Table {
  const call = <T>(operation: string, run: () => Promise<T>) => observer.call("table", operation, run);
  return {
    get: (...args) => call("get", () => table.get(...args)),
    getMany: (...args) => call("getMany", () => table.getMany(...args)),
    put: (...args) => call("put", () => table.put(...args)),
    putMany: (...args) => call("putMany", () => table.putMany(...args)),
    delete: (...args) => call("delete", () => table.delete(...args)),
    query: (...args) => call("query", () => table.query(...args)),
    queryKeys: (...args) => call("queryKeys", () => table.queryKeys(...args)),
    queryIndex: (...args) => call("queryIndex", () => table.queryIndex(...args)),
    scan: (...args) => call("scan", () => table.scan(...args)),
    ...(table.changeCount && { changeCount: () => table.changeCount!() }),
  };
}
