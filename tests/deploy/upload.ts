/**
 * The files that `deno deploy` uploads.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { matchesGlob } from "node:path";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The key `deploy` of deno.json. */
export interface DeployConfig {
  include: string[];
  exclude: string[];
  install: string;
  runtime: { entrypoint: string };
}

/** Reads how the registry is deployed. */
export async function readDeployConfig(): Promise<DeployConfig> {
  return JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`)).deploy;
}

/** The paths that are uploaded, from the top of the repository. */
export async function uploadedPaths({ include, exclude }: DeployConfig): Promise<string[]> {
  const { stdout } = await new Deno.Command("git", {
    args: ["ls-files", "--cached", "--others", "--exclude-standard", "--", ...include],
    cwd: ROOT,
  }).output();
  const paths = new TextDecoder().decode(stdout).trim().split("\n");
  return paths.filter((path) =>
    !exclude.some((pattern) => matchesGlob(path, pattern) || matchesGlob(path, `${pattern}/**`))
  );
}

/** Copies them to an empty folder. */
export async function upload(folder: string, paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const target = `${folder}/${path}`;
    await Deno.mkdir(target.slice(0, target.lastIndexOf("/")), { recursive: true });
    await Deno.copyFile(ROOT + path, target);
  }
}
