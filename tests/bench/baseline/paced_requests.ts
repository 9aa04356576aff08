/**
 * Requests to the table of `TABLE` at `ENDPOINT` as garbage collection makes them beside clients, by a process that serves
 * no client: the sweep, the candidates and the full pass each make one request after the other, with a pause after each.
 *
 * @module
 */

import { randomBytes } from "node:crypto";
import { DynamoTable } from "../../../storage/table/dynamodb/mod.ts";
import { REGION } from "../../services/mod.ts";

/** Kinds of background work. */
const WORKS = 3;

/** Length of a pause, in durations of its request. */
const PAUSE_FACTOR = 15;

await using table = await DynamoTable.open({
  table: Deno.env.get("TABLE")!,
  region: REGION,
  endpoint: Deno.env.get("ENDPOINT")!,
});

async function paced<T>(request: () => Promise<T>): Promise<T> {
  const began = performance.now();
  const result = await request();
  await new Promise((resolve) => setTimeout(resolve, PAUSE_FACTOR * (performance.now() - began)));
  return result;
}

/** A query and a mark before it, another query and a delete after it, as of a link or a blob. */
async function work(): Promise<never> {
  for (;;) {
    const key = { pk: `paced#${randomBytes(16).toString("hex")}`, sk: "item" };
    const find = () => table.query(key.pk, { prefix: "other#", limit: 1, consistent: true });
    await paced(find);
    const ifVersion = await paced(() => table.put({ ...key, attributes: { at: 1 } }, { ifAbsent: true }));
    await paced(find);
    if (ifVersion !== undefined) await paced(() => table.delete(key, { ifVersion }));
  }
}

await Promise.all(Array.from({ length: WORKS }, work));
