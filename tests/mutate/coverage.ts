import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Mistake } from "./mistake.ts";

/** The functions of the source that each test file runs, so that a mistake is tried with those that can see it. */
export class Coverage {
  readonly #ran = new Map<string, ReadonlySet<string>>();
  readonly #times = new Map<string, number>();

  /** Adds what one test file has run, as {@linkcode readCoverage} answers it, and the milliseconds that it took. */
  add(test: string, ran: ReadonlySet<string>, time: number): void {
    this.#ran.set(test, ran);
    this.#times.set(test, time);
  }

  /** The milliseconds that these test files took. */
  timeOf(tests: readonly string[]): number {
    return tests.reduce((sum, test) => sum + (this.#times.get(test) ?? 0), 0);
  }

  /**
   * The test files of each group that run the function with the mistake, in each group those first that run the least
   * besides. Those that load the file where no test runs the function.
   */
  select(groups: readonly string[][], { file, within }: Pick<Mistake, "file" | "within">): string[][] {
    const names = within.split(".").reverse().map((name) => `${file} ${name}`);
    const tests = groups.flat();
    const known = names.find((name) => tests.some((test) => this.#ran.get(test)?.has(name))) ?? file;
    const extent = (test: string) => this.#ran.get(test)!.size;
    return groups.map((group) =>
      group.filter((test) => this.#ran.get(test)?.has(known)).sort((a, b) => extent(a) - extent(b))
    ).filter((group) => group.length > 0);
  }
}

/** Coverage of one script, as V8 writes it. */
interface ScriptCoverage {
  url: string;
  functions: { functionName: string; ranges: { count: number }[] }[];
}

/**
 * Reads the folder that was `DENO_COVERAGE_DIR` of a command: the files below `root` that were loaded, and the functions
 * that were run as `file name`.
 */
export async function readCoverage(folder: string, root: string): Promise<Set<string>> {
  const base = pathToFileURL(await Deno.realPath(root)).href + "/";
  const ran = new Set<string>();
  for await (const { name } of Deno.readDir(folder)) {
    if (!name.endsWith(".json")) continue;
    const { url, functions }: ScriptCoverage = JSON.parse(await Deno.readTextFile(join(folder, name)));
    if (!url.startsWith(base)) continue;
    const file = url.slice(base.length);
    ran.add(file);
    for (const { functionName, ranges } of functions) {
      if (ranges.some(({ count }) => count > 0)) ran.add(`${file} ${bareName(functionName)}`);
    }
  }
  return ran;
}

/** The name as a mistake's `within` has it. */
function bareName(name: string): string {
  return name.replace(/^(static |get |set |async )+/, "").replace(/^#/, "");
}
