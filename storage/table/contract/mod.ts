import type { Table } from "../table.ts";
import { registerChangeCounts } from "./change_counts.ts";
import { registerContent } from "./content.ts";
import { registerFences } from "./fences.ts";
import { registerIndexQueries } from "./index_queries.ts";
import { registerQueries } from "./queries.ts";
import { registerScans } from "./scans.ts";
import { registerWrites } from "./writes.ts";

/** A table of a driver under test, empty at first. */
export interface TableUnderTest extends AsyncDisposable {
  table: Table;
}

/** Registers the tests that every driver of the port passes: `make` makes one table for each. */
export function tableContract(driver: string, make: () => Promise<TableUnderTest>): void {
  function test(name: string, run: (table: Table) => Promise<void>): void {
    Deno.test(`${driver} ${name}`, async () => {
      await using made = await make();
      await run(made.table);
    });
  }

  registerWrites(test);
  registerFences(test);
  registerContent(test);
  registerQueries(test);
  registerIndexQueries(test);
  registerScans(test);
  registerChangeCounts(test);
}
