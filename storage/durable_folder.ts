import { dirname } from "node:path";
import { PRIVATE_FOLDER_MODE } from "./private_files.ts";

/** Makes the entries of a folder (new, renamed and removed files) outlive a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  if (Deno.build.os === "windows") return; // which cannot open a folder to sync it
  using handle = await Deno.open(folder, { read: true });
  await handle.sync();
}

/**
 * Makes the folder and its parents unless they exist, so that they outlive a power cut. Only the owner can use a folder
 * made here: the data folder has signing keys and private content.
 */
export async function ensureFolder(folder: string): Promise<void> {
  const parent = dirname(folder);
  try {
    await Deno.mkdir(folder, { mode: PRIVATE_FOLDER_MODE });
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return;
    if (!(error instanceof Deno.errors.NotFound) || parent === folder) throw error;
    await ensureFolder(parent);
    return ensureFolder(folder);
  }
  await syncFolder(parent);
}

/** Result of a file operation; `undefined` if the file does not exist. */
export async function unlessAbsent<T>(result: Promise<T>): Promise<T | undefined> {
  try {
    return await result;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
