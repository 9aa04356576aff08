/**
 * A machine with Skerry as docs/clustering.md installs it: the bundle with Deno in a folder that /opt/skerry links to, the units, and a
 * configuration file.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { bundle } from "../../bundle/mod.ts";
import { bootSystemd, type Machine } from "./machine.ts";

/** Folder of the units. */
export const UNITS = fileURLToPath(new URL("../../infra/systemd", import.meta.url));

/** Names of the units. */
export const UNIT_NAMES = ["skerry.service", "skerry@.service"];

/** Configuration of {@linkcode installSkerry}. */
export interface Installation {
  /** The configuration file, of root alone. */
  readonly config: string;
  /** Files in the folder of the configuration, which every user can read. */
  readonly files?: Readonly<Record<string, string>>;
  /** Further lines of `[Service]` by the name of a unit, such as its port. */
  readonly dropIns: Readonly<Record<string, string>>;
}

/** A machine with Skerry. */
export interface Installed extends Machine {
  /** Writes a file in the folder of the configuration, which every user can read. */
  write(name: string, text: string): Promise<void>;
}

/** Boots systemd with the units installed, none of them started. */
export async function installSkerry({ config, files = {}, dropIns }: Installation): Promise<Installed> {
  await using stack = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "skerry-installed-" });
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  await bundle(`${folder}/opt/skerry-1`);
  await Deno.copyFile(Deno.execPath(), `${folder}/opt/skerry-1/deno`);
  await Deno.symlink("skerry-1", `${folder}/opt/skerry`);
  await Deno.mkdir(`${folder}/etc`);
  await Deno.writeTextFile(`${folder}/etc/skerry.yaml`, config, { mode: 0o600 });
  const write = (name: string, text: string) => Deno.writeTextFile(`${folder}/etc/${name}`, text);
  for (const [name, text] of Object.entries(files)) await write(name, text);
  const mounts: Record<string, string> = {
    "/opt": `${folder}/opt`,
    "/etc/skerry": `${folder}/etc`,
  };
  for (const name of UNIT_NAMES) mounts[`/etc/systemd/system/${name}`] = `${UNITS}/${name}`;
  for (const [unit, lines] of Object.entries(dropIns)) {
    await Deno.mkdir(`${folder}/${unit}.d`);
    await Deno.writeTextFile(`${folder}/${unit}.d/test.conf`, `[Service]\n${lines}\n`);
    mounts[`/etc/systemd/system/${unit}.d`] = `${folder}/${unit}.d`;
  }
  const machine = stack.use(await bootSystemd(mounts));
  const kept = stack.move();
  return { ...machine, write, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
