/**
 * The outside programs that the whole-system tests drive, installed on first use.
 *
 * ```ts ignore
 * const skopeo = await tool("skopeo"); // an absolute path
 * await new Deno.Command(skopeo, { args: ["--version"] }).output();
 * ```
 *
 * Debian's packages come through `apt-get` (which needs root) and Go's programs are built from the versions that the
 * `go.mod` beside this file pins; a second use only looks whether the file is there. Whatever cannot be had throws:
 * no test is skipped because its program is missing.
 *
 * @module
 */

import { fileURLToPath } from "node:url";

/** Where a program comes from. */
type Source = DebianPackage | GoProgram;

interface DebianPackage {
  readonly debian: string;
}

interface GoProgram {
  /** The import path of the main package, or of the package whose test binary is wanted. */
  readonly go: string;
  /** The folder of the `go.mod` that pins it, seen from this file. */
  readonly module: string;
  /** The arguments that build it. */
  readonly build: readonly string[];
}

function goTool(path: string): GoProgram {
  return { go: path, module: ".", build: ["build"] };
}

const CONFORMANCE = "github.com/opencontainers/distribution-spec/conformance";

const SOURCES = {
  buildah: { debian: "buildah" },
  containerd: { debian: "containerd" },
  ctr: { debian: "containerd" },
  docker: { debian: "docker.io" },
  dockerd: { debian: "docker.io" },
  podman: { debian: "podman" },
  skopeo: { debian: "skopeo" },
  strace: { debian: "strace" },
  wrk: { debian: "wrk" },
  cosign: goTool("github.com/sigstore/cosign/v3/cmd/cosign"),
  crane: goTool("github.com/google/go-containerregistry/cmd/crane"),
  helm: goTool("helm.sh/helm/v3/cmd/helm"),
  oras: goTool("oras.land/oras/cmd/oras"),
  regctl: goTool("github.com/regclient/regclient/cmd/regctl"),
  conformance: { go: CONFORMANCE, module: "../conformance/suite", build: ["build"] },
  conformance_old: { go: CONFORMANCE, module: "../conformance/old", build: ["test", "-c"] },
} satisfies Record<string, Source>;

/** A program that {@linkcode tool} can install. */
export type ToolName = keyof typeof SOURCES;

/** Every program there is. */
export const TOOL_NAMES = Object.keys(SOURCES) as ToolName[];

/** Whether `name` is a program that {@linkcode tool} can install. */
export function isToolName(name: string): name is ToolName {
  return Object.hasOwn(SOURCES, name);
}

/** The git-ignored folder for what the tests leave behind. */
const WORK = fileURLToPath(new URL("../.work", import.meta.url));

/**
 * The absolute path of a program, which is installed first where it is missing.
 *
 * @throws {Error} When it cannot be installed.
 */
export async function tool(name: ToolName): Promise<string> {
  await installTools([name]);
  return await pathOf(SOURCES[name], name);
}

/**
 * Installs what is missing of several programs, in one run of `apt-get`.
 *
 * @throws {Error} When one of them cannot be installed.
 */
export async function installTools(names: readonly ToolName[]): Promise<void> {
  await Deno.mkdir(WORK, { recursive: true });
  // Test files run in processes of their own; one of them installs and the others wait.
  using lock = await Deno.open(`${WORK}/tools.lock`, { create: true, write: true });
  await lock.lock(true);

  const packages = new Set<string>();
  const programs: { name: string; source: GoProgram; path: string }[] = [];
  for (const name of names) {
    const source: Source = SOURCES[name];
    const path = await pathOf(source, name);
    if (await exists(path)) continue;
    if ("debian" in source) packages.add(source.debian);
    else programs.push({ name, source, path });
  }
  if (packages.size > 0) await installPackages([...packages]);
  for (const { name, source, path } of programs) await buildProgram(name, source, path);
  for (const name of names) {
    const path = await pathOf(SOURCES[name], name);
    if (!(await exists(path))) {
      throw new Error(`Cannot find "${name}" after its installation: "${path}" is missing`);
    }
  }
}

/** Where the program is once it is installed; Go's programs go by what their pins say, so new pins build anew. */
async function pathOf(source: Source, name: string): Promise<string> {
  if ("debian" in source) {
    const inSbin = `/usr/sbin/${name}`;
    return await exists(inSbin) ? inSbin : `/usr/bin/${name}`;
  }
  const pins = await Promise.all(
    ["go.mod", "go.sum"].map((file) => Deno.readTextFile(`${folderOf(source)}/${file}`)),
  );
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(pins.join("\n")));
  return `${WORK}/bin/${new Uint8Array(digest).toHex().slice(0, 12)}/${name}`;
}

function folderOf(source: GoProgram): string {
  return `${import.meta.dirname}/${source.module}`;
}

async function installPackages(packages: readonly string[]): Promise<void> {
  console.error(`Installing Debian packages: ${packages.join(" ")}`);
  const options = { env: { DEBIAN_FRONTEND: "noninteractive" } };
  await run("apt-get", ["update", "-q"], options);
  await run("apt-get", ["install", "-q", "-y", "--no-install-recommends", ...packages], options);
}

async function buildProgram(name: string, source: GoProgram, path: string): Promise<void> {
  console.error(`Building ${name}`);
  const partial = `${path}.partial`; // a build that dies must not leave something that looks installed
  const args = [...source.build, "-buildvcs=false", "-o", partial, source.go];
  await run("go", args, { cwd: folderOf(source) });
  await Deno.rename(partial, path);
}

async function run(program: string, args: string[], options: Deno.CommandOptions): Promise<void> {
  const command = new Deno.Command(program, {
    ...options,
    args,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
  const { success, stdout, stderr } = await command.output();
  if (success) return;
  const output = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  throw new Error(`Cannot run "${program} ${args.join(" ")}":\n${output.slice(-4000)}`);
}

async function exists(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
