import { fileURLToPath } from "node:url";
import { freePort } from "../harness/ports.ts";
import type { DynamoDb } from "./dynamodb.ts";
import { startProcess } from "./service_process.ts";

const CONFIG = fileURLToPath(new URL("../../deno.json", import.meta.url));
const LOCK = fileURLToPath(new URL("../deno.lock", import.meta.url));

/**
 * Starts dynalite, a DynamoDB in JavaScript that needs only Deno and keeps its tables in memory. Unlike the real one it
 * has no transactions and no time to live, and never returns the item that failed a condition.
 *
 * @throws {Error} When it does not come up.
 */
export async function startDynalite(): Promise<DynamoDb> {
  const listening = /listening at: (http:\S+)/;
  const process = await startProcess("dynalite", {
    program: Deno.execPath(),
    args: [
      ...["run", "--quiet", "--allow-all", "--config", CONFIG, "--lock", LOCK, "npm:dynalite@4.0.0"],
      ...["--host", "127.0.0.1", "--port", `${freePort()}`],
      ...["--createTableMs", "0", "--deleteTableMs", "0", "--updateTableMs", "0"],
    ],
    ready: (log) => listening.test(log),
    deadline: 60_000, // the first start of all downloads its modules
  });
  return { ...process, endpoint: listening.exec(process.log())![1]! };
}
