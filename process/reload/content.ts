import { createHash } from "node:crypto";

/** Milliseconds between two reads that must be the same. */
const PAUSE_MS = 100;

/** Digest of the content of files. A file that cannot be read counts with the reason. */
export async function digestOf(paths: string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const path of paths) {
    const content = await Deno.readFile(path).catch((error) => `${(error as Error).name}`);
    hash.update(`${path.length} ${path} ${content.length} `).update(content);
  }
  return hash.digest("base64url");
}

/** True if a program is writing the files, whose content had this digest: it is another one after a pause. */
export async function isChanging(paths: string[], digest: string): Promise<boolean> {
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  return await digestOf(paths) !== digest;
}
