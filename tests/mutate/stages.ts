/** A command that should see mistakes, cheap ones first. */
export interface Stage {
  readonly name: string;
  /** Arguments of `deno`. */
  readonly args: readonly string[];
}

/** The tests' own dependencies. */
export const LOCK = "--lock=tests/deno.lock";

/** Seeds of the simulation that each mistake is tried with. */
const SIMULATIONS = ["--seed=1", "--count=1000", "--workers=1"];

const simulation: Stage = {
  name: "simulation",
  args: ["run", LOCK, "--no-check", "--allow-all", "tests/simulation/main.ts", ...SIMULATIONS],
};

/** Further folders whose tests see mistakes in a folder. */
const ELSEWHERE: Readonly<Record<string, readonly Stage[]>> = {
  registry: [simulation, test("routes"), test("tests/protocol")],
  storage: [test("open_storage_test.ts"), test("tests/protocol"), test("tests/kill/sync_test.ts")],
  cache: [test("routes"), test("tests/protocol")],
  auth: [test("routes"), test("tests/protocol"), test("access_config_test.ts")],
  backup: [test("cli/backup_test.ts", "cli/copy_test.ts")],
};

/** The folders whose mistakes can be tried. */
export const FOLDERS = Object.keys(ELSEWHERE);

/** The commands that should see a mistake in a file: the test beside it, its folder's tests, others. */
export function stagesOf(file: string, tests: ReadonlySet<string>): Stage[] {
  const beside = file.replace(/\.ts$/, "_test.ts");
  const folder = file.split("/", 1)[0]!;
  const nearest = file.slice(0, file.lastIndexOf("/"));
  const hasNearest = nearest !== folder && [...tests].some((path) => path.startsWith(`${nearest}/`));
  return [
    ...(tests.has(beside) ? [test(beside)] : []),
    ...(hasNearest ? [test(nearest)] : []),
    test(folder),
    ...(ELSEWHERE[folder] ?? []),
  ];
}

function test(...paths: string[]): Stage {
  return {
    name: paths.join(" "),
    args: ["test", LOCK, "--quiet", "--no-check", "--allow-all", "--fail-fast", ...paths],
  };
}
