/** Late imports as the sources spell them: see "The start" in ARCHITECTURE.md. */
const LATE_IMPORT = /import\(new URL\("(?:\.\/)?([\w./]+)", import\.meta\.url\)\.href\)/g;

/** Late imports as the bundler reads and writes them: the call of an unknown function stays as it is. */
const MARKED_IMPORT = /LATE\(import\("(\.[\w./-]+)"\)\)/g;

/** Programs as the sources name them: threads and processes that they start. */
const PROGRAM = /new URL\("([\w./]+)\.ts", import\.meta\.url\)/g;

/** `require` of bundled CommonJS packages: it loads all of Node's module system at the start. */
const NODE_REQUIRE =
  /import \{ createRequire as (\w+) \} from "node:module";\nvar __require = \1\(import\.meta\.url\);/;

/** The same, loading nothing before it is called. All other packages are in the bundle. */
const LATE_REQUIRE = "var __require = (name) => process.getBuiltinModule(name);";

/** Source that the bundler understands, and what else it has to bundle. */
export interface Rewritten {
  /** Text of the source. */
  text: string;
  /** Sources of programs, relative to the folder of this source. */
  programs: string[];
}

/**
 * Rewrites a source for the bundler, which follows literal imports only. A program becomes a file at the top of the
 * bundle, where every file of the bundle looks for it.
 *
 * @throws {Error} for any other use of `import.meta`, which would have another meaning in the bundle.
 */
export function forBundler(path: string, source: string): Rewritten {
  const programs: string[] = [];
  const withoutImports = source.replace(LATE_IMPORT, (_all, target: string) => {
    return `LATE(import("${target.startsWith("../") ? target : `./${target}`}"))`;
  });
  const withoutPrograms = withoutImports.replace(PROGRAM, (_all, target: string) => {
    programs.push(`${target}.ts`);
    return `new URL("${nameOf(target)}.js", PROGRAM_BASE)`;
  });
  if (withoutPrograms.includes("import.meta")) {
    throw new Error(`Cannot bundle "${path}": unknown use of import.meta`);
  }
  return { text: withoutPrograms.replaceAll("PROGRAM_BASE", "import.meta.url"), programs };
}

/**
 * Makes the marked imports of a bundled file late again: Deno reads the modules of the others before the first line runs.
 *
 * @throws {Error} if the file loads Node's module system at the start in a way that is not known here.
 */
export function withLateImports(path: string, text: string): string {
  const late = text
    .replace(MARKED_IMPORT, (_all, target) => `import(new URL("${target}", import.meta.url).href)`)
    .replace(NODE_REQUIRE, LATE_REQUIRE);
  if (late.includes("createRequire")) {
    throw new Error(`Cannot bundle "${path}": unknown use of createRequire`);
  }
  return late;
}

/** Last part of a path. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
