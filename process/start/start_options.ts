import { dirname, resolve } from "node:path";
import type { Config } from "../../config/mod.ts";

/** The permissions of `deno run` that serving takes with this configuration; `root` is the folder of main.ts. */
export function startOptions(
  { storage, data, auth, tlsCert = "", verify = [] }:
    & Pick<Config, "storage" | "data" | "auth">
    & Partial<Pick<Config, "tlsCert" | "verify">>,
  root: string,
  configFile?: string,
): string[] {
  const options = ["--allow-env", "--allow-net"];
  if (storage === "aws") {
    // The AWS SDK reads credentials from files, and sends AWS the name of the operating system.
    return [...options, "--allow-read", "--allow-sys=osRelease,homedir"];
  }
  const folders = storage === "folder" ? [resolve(data), dirname(resolve(data))] : [];
  // The configuration file is read by the registry itself. Files of `auth` and `verify` and certificates are read again
  // when they change. All of them may be links to anywhere.
  const hasFiles = auth !== undefined || tlsCert !== "" || verify.length > 0 || configFile;
  options.push(!hasFiles ? allow("read", root, ...folders) : "--allow-read");
  if (storage === "folder") options.push(allow("write", resolve(data)));
  return options;
}

/** Permission option for these paths, or for every path if one contains a comma, which separates paths. */
function allow(access: "read" | "write", ...paths: string[]): string {
  return `--allow-${access}` + (paths.some((path) => path.includes(",")) ? "" : `=${paths.join(",")}`);
}
