/** Mode of a folder that only its owner can list, enter or change. */
export const PRIVATE_FOLDER_MODE = 0o700;

/** Mode of a file that only its owner can read or write. */
export const PRIVATE_FILE_MODE = 0o600;

/** Makes an empty file that only its owner can read, unless a file exists there. */
export async function ensurePrivateFile(path: string): Promise<void> {
  try {
    (await Deno.open(path, { write: true, createNew: true, mode: PRIVATE_FILE_MODE })).close();
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  }
}
