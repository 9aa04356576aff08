/**
 * `deno task bundle`: writes the registry and its packages as a folder of few JavaScript files. The folder needs nothing
 * but Deno, and starts in about two thirds of the CPU time, most of which goes into reading modules one by one.
 *
 * What the sources import late stays late: it becomes a file of its own.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import manifest from "../deno.json" with { type: "json" };
import { forBundler, nameOf, withLateImports } from "./rewrite.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** Folders and files that the registry is made of. */
export const SOURCES: readonly string[] = [
  "api",
  "auth",
  "backup",
  "cache",
  "cli",
  "config",
  "events",
  "oci",
  "process",
  "purge",
  "registry",
  "routes",
  "storage",
  "telemetry",
  "trust",
  "main.ts",
];

/** Files that the bundler reads besides the sources, such as the versions of the packages. */
const SETTINGS = ["deno.json", "deno.lock"];

/** Shell script of the bundle that starts the registry with the permissions that it needs. */
const LAUNCHER = "skerry";

/** Sources that the registry does not load: tests, and the parent process of `deno task start`. */
const UNUSED = /_test\.tsx?$|(^|\/)(testing|contract)\/|^process\/start\/start\.ts$/;

/** Files that sources import as text. */
const ASSET = /(^|\/)assets\//;

/**
 * Writes the bundle to a folder: a new or empty one, or one with an earlier bundle, which is replaced. Its entry point is
 * `main.js`, which the program `skerry` in the same folder starts.
 *
 * @throws {Error} if the folder has other content, if a source can't be bundled, or if the bundler fails.
 */
export async function bundle(folder: string): Promise<void> {
  await checkReplaceable(folder);
  const staging = await Deno.makeTempDir({ prefix: "skerry-bundle-" });
  try {
    const entryPoints = await stage(staging);
    await runBundler(staging, entryPoints);
    await removeFolder(folder);
    await Deno.mkdir(folder, { recursive: true });
    const output = join(staging, "output");
    for await (const path of filesIn(output)) {
      const text = await Deno.readTextFile(join(output, path));
      await Deno.writeTextFile(join(folder, path), withLateImports(path, text));
    }
    await Deno.copyFile(join(ROOT, "bundle", "skerry.sh"), join(folder, LAUNCHER));
    await Deno.chmod(join(folder, LAUNCHER), 0o755);
    // Deno reads it from the folder of the entry point.
    await Deno.writeTextFile(
      join(folder, "deno.json"),
      JSON.stringify({ unstable: manifest.unstable }) + "\n",
    );
  } finally {
    await Deno.remove(staging, { recursive: true });
  }
}

/** Copies the sources as the bundler needs them, and returns the entry points. */
async function stage(staging: string): Promise<string[]> {
  const entryPoints = ["main.ts"];
  for (const path of SETTINGS) await Deno.copyFile(join(ROOT, path), join(staging, path));
  for (const source of SOURCES) {
    for await (const path of filesIn(ROOT, source)) {
      if (UNUSED.test(path)) continue;
      if (ASSET.test(path)) await copy(join(ROOT, path), join(staging, path));
      if (!/\.tsx?$/.test(path)) continue;
      const { text, programs } = forBundler(path, await Deno.readTextFile(join(ROOT, path)));
      await write(join(staging, path), text);
      for (const program of programs) {
        const entryPoint = nameOf(program);
        await write(join(staging, entryPoint), `import "./${join(path, "..", program)}";\n`);
        entryPoints.push(entryPoint);
      }
    }
  }
  return entryPoints;
}

async function runBundler(staging: string, entryPoints: readonly string[]): Promise<void> {
  const options = [
    "--quiet",
    "--no-check",
    "--frozen",
    "--platform=deno",
    "--packages=bundle",
    "--code-splitting",
  ];
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", ...options, "--outdir=output", ...entryPoints],
    cwd: staging,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(`Cannot bundle: ${new TextDecoder().decode(stderr).trim()}`);
}

/** Paths of the files in a folder, or of a file itself, relative to the root. */
async function* filesIn(root: string, path = ""): AsyncGenerator<string> {
  if ((await Deno.stat(join(root, path))).isFile) return yield path;
  for await (const { name } of Deno.readDir(join(root, path))) yield* filesIn(root, join(path, name));
}

async function write(path: string, text: string): Promise<void> {
  await Deno.mkdir(join(path, ".."), { recursive: true });
  await Deno.writeTextFile(path, text);
}

async function copy(from: string, to: string): Promise<void> {
  await write(to, await Deno.readTextFile(from));
}

/** Throws unless all that the folder has in it is a bundle. */
async function checkReplaceable(folder: string): Promise<void> {
  try {
    for await (const { name, isFile } of Deno.readDir(folder)) {
      if (isFile && (name.endsWith(".js") || name === "deno.json" || name === LAUNCHER)) continue;
      throw new Error(`Cannot bundle to "${folder}": it has other content, such as "${name}"`);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

async function removeFolder(folder: string): Promise<void> {
  try {
    await Deno.remove(folder, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

if (import.meta.main) {
  const [folder = "dist"] = Deno.args;
  try {
    await bundle(folder);
    console.log(`Bundled to ${folder}. Start it with: ${join(folder, LAUNCHER)}`);
  } catch (error) {
    console.error((error as Error).message);
    Deno.exit(1);
  }
}
