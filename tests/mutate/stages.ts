/** A command that should see mistakes. */
export interface Stage {
  readonly name: string;
  /** Arguments of `deno`. */
  readonly args: readonly string[];
  /** Milliseconds after which it counts as hanging; absent where only the run's own limit applies. */
  readonly limit?: number;
}

/** The tests' own dependencies. */
export const LOCK = "--lock=tests/deno.lock";

/** The simulation, which stands among the test files. */
const SIMULATION = "tests/simulation/main.ts";

/** Seeds of the simulation that each mistake is tried with. */
const SIMULATIONS = ["--seed=1", "--count=1000", "--workers=1"];

/** Further tests that see mistakes in a folder: files, and folders with all their tests. */
const ELSEWHERE: Readonly<Record<string, readonly string[]>> = {
  registry: [SIMULATION, "routes", "tests/protocol"],
  storage: ["process/open/open_storage_test.ts", "tests/protocol", "tests/kill/sync_test.ts"],
  cache: ["routes", "tests/protocol"],
  auth: ["routes", "tests/protocol", "config/access_config_test.ts"],
  trust: ["process/open/open_registry_test.ts", "cli/verify"],
  backup: ["cli/transfer/backup_test.ts", "cli/transfer/copy_test.ts"],
};

/** The folders whose mistakes can be tried. */
export const FOLDERS = Object.keys(ELSEWHERE);

/** The test files that may see a mistake in a file, the nearest first: beside it, in its folder, of the whole room, others. */
export function groupsOf(file: string, tests: readonly string[]): string[][] {
  const beside = file.replace(/\.ts$/, "_test.ts");
  const room = file.split("/", 1)[0]!;
  const nearest = file.slice(0, file.lastIndexOf("/"));
  const taken = new Set<string>();
  return [beside, nearest, room, ...(ELSEWHERE[room] ?? [])].map((place) => {
    const group = [SIMULATION, ...tests].filter((test) => test === place || test.startsWith(`${place}/`));
    const fresh = group.filter((test) => !taken.has(test));
    for (const test of fresh) taken.add(test);
    return fresh;
  });
}

/** Runs test files in this order until one fails, or the simulation. */
export function stageOf(files: readonly string[]): Stage {
  const options = [LOCK, "--no-check", "--allow-all"];
  const args = files[0] === SIMULATION
    ? ["run", ...options, SIMULATION, ...SIMULATIONS]
    : ["test", ...options, "--quiet", "--fail-fast", ...files];
  return { name: files.length === 1 ? files[0]! : `${files.length} test files`, args };
}
