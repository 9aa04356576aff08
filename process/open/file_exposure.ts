import { dirname, resolve } from "node:path";
import { unlessAbsent } from "../../storage/mod.ts";

/** Permissions of users other than the owner and the group. */
interface OthersRights {
  /** Read the file, or list the folder. */
  read: boolean;
  /** Change the file, or replace the entries of the folder. */
  write: boolean;
  /** Reach the entries of the folder. */
  enter: boolean;
}

/**
 * A warning about a data folder whose content other users of the machine can read or replace: it has the keys that sign
 * tokens. `undefined` for a private folder. A group that was given access on purpose causes no warning.
 */
export async function dataExposure(data: string): Promise<string | undefined> {
  const folder = await othersRights(data);
  const content = await Promise.all(
    ["table.sqlite", "objects"].map((name) => othersRights(`${data}/${name}`)),
  );
  const isExposed = folder.write || folder.enter && content.some(({ read, write }) => read || write);
  if (!isExposed || !await isReachable(data)) return undefined;
  return `Other users of this machine can read or change the data folder "${data}", signing keys included: ` +
    `run chmod -R go= "${data}"`;
}

/** A warning about a file with secrets that other users of the machine can read or replace; `undefined` for a private one. */
export async function secretExposure(path: string): Promise<string | undefined> {
  const { read, write } = await othersRights(path);
  if (!read && !write || !await isReachable(path)) return undefined;
  return `Other users of this machine can ${write ? "change" : "read"} "${path}": run chmod o= "${path}"`;
}

/** A warning about a trusted file without secrets, such as public keys, that other users of the machine can change. */
export async function trustedExposure(path: string): Promise<string | undefined> {
  const { write } = await othersRights(path);
  if (!write || !await isReachable(path)) return undefined;
  return `Other users of this machine can change "${path}": run chmod o-w "${path}"`;
}

/** True if other users can enter all folders that lead to `path`. */
async function isReachable(path: string): Promise<boolean> {
  for (let folder = dirname(resolve(path));; folder = dirname(folder)) {
    try {
      if (!(await othersRights(folder)).enter) return false;
    } catch (error) {
      // This process may not look: the folder may be open to others.
      if (!(error instanceof Deno.errors.NotCapable)) throw error;
    }
    if (folder === dirname(folder)) return true;
  }
}

/** Rights of other users; none if nothing exists at `path`, and on Windows, which has no modes. */
async function othersRights(path: string): Promise<OthersRights> {
  const mode = (await unlessAbsent(Deno.stat(path)))?.mode ?? 0;
  // In a sticky folder, such as /tmp, users can replace only their own entries.
  const isSticky = (mode & 0o1000) !== 0;
  return {
    read: (mode & 0o004) !== 0,
    write: (mode & 0o002) !== 0 && !isSticky,
    enter: (mode & 0o001) !== 0,
  };
}
