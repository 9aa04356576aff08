/**
 * `deno task scale`: the tables of docs/scale.md.
 *
 * @module
 */
import { markdownOf, report } from "./report.ts";

for (const table of await report()) console.log(`${table.title}\n\n${markdownOf(table)}\n`);
