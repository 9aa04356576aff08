/**
 * `deno task archive`: writes the bundle, this Deno and the systemd units as one archive for this kind of machine, which
 * needs nothing else. The same commit gives the same bytes.
 *
 * Not a program of `deno compile`: that one has fixed permissions, whatever its configuration needs, and cannot start
 * workers, which are processes of `deno run`.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import manifest from "../deno.json" with { type: "json" };
import { bundle } from "./mod.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** Names of processors as other projects have them in the names of archives. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x86_64: "amd64", aarch64: "arm64" };

/**
 * Writes `skerry-<version>-<system>-<architecture>.tar.gz` to a folder, and returns its path.
 *
 * @param seconds Time of every file, in seconds since the epoch.
 * @throws {Error} if the bundler or `tar` fails.
 */
export async function archive(folder: string, seconds = 0): Promise<string> {
  const name = `skerry-${manifest.version}`;
  const staging = await Deno.makeTempDir({ prefix: "skerry-archive-" });
  try {
    const content = join(staging, name);
    await bundle(content);
    await Deno.copyFile(Deno.execPath(), join(content, "deno"));
    await Deno.copyFile(join(ROOT, "LICENSE"), join(content, "LICENSE"));
    for await (const unit of Deno.readDir(join(ROOT, "infra/systemd"))) {
      await Deno.copyFile(join(ROOT, "infra/systemd", unit.name), join(content, unit.name));
    }
    await Deno.mkdir(folder, { recursive: true });
    const { os, arch } = Deno.build;
    const path = join(folder, `${name}-${os}-${ARCHITECTURES[arch] ?? arch}.tar.gz`);
    await pack({ staging, name, path, seconds });
    return path;
  } finally {
    await Deno.remove(staging, { recursive: true });
  }
}

interface Packing {
  readonly staging: string;
  readonly name: string;
  readonly path: string;
  readonly seconds: number;
}

async function pack({ staging, name, path, seconds }: Packing): Promise<void> {
  const { success, stderr } = await new Deno.Command("tar", {
    args: [
      "--create",
      `--file=${path}`,
      "--use-compress-program=gzip -n", // without the time of the compression
      "--format=ustar",
      "--sort=name",
      `--mtime=@${seconds}`,
      "--owner=0",
      "--group=0",
      "--numeric-owner",
      "--mode=u=rwX,go=rX",
      `--directory=${staging}`,
      name,
    ],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(`Cannot pack "${path}": ${new TextDecoder().decode(stderr).trim()}`);
}

if (import.meta.main) {
  const [folder = "dist-archive"] = Deno.args;
  console.log(await archive(folder, Number(Deno.env.get("SOURCE_DATE_EPOCH") ?? 0)));
}
