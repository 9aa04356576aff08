import { readObject } from "../../registry/stored.ts";
import { pause, UnavailableError } from "../../storage/ports.ts";
import { DamageError, type SourceTree } from "./source_tree.ts";

/** A file of the source that is open. */
export interface SourceFile {
  /** Bytes. */
  size: number;
  /** Bytes in order. A chunk is valid until the next read. Throws {@linkcode DamageError} for an unreadable file. */
  chunks: AsyncIterable<Uint8Array<ArrayBuffer>>;
}

/** Opens a file; `undefined` if it does not exist. A store that breaks off is asked for the rest. */
export async function openFile(tree: SourceTree, path: string): Promise<SourceFile | undefined> {
  const found = await readObject({ objects: tree, sleep: pause }, path);
  return found && { size: found.size, chunks: readable(tree, found.chunks) };
}

/** Reads a whole file of at most `limit` bytes; `undefined` if it does not exist. */
export async function readFile(
  tree: SourceTree,
  path: string,
  limit: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const size = await tree.size(path);
  if (size === undefined) return undefined;
  if (size > limit) throw new DamageError(`has ${size} bytes, more than the limit of ${limit}`);
  const file = await openFile(tree, path);
  if (file === undefined) return undefined;
  if (file.size > limit) throw new DamageError("changes while it is read");
  return await wholeOf(file);
}

/** Reads all bytes of an open file into memory. */
export async function wholeOf({ size, chunks }: SourceFile): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(size);
  let filled = 0;
  for await (const chunk of chunks) {
    if (filled + chunk.length > size) throw new DamageError("changes while it is read");
    bytes.set(chunk, filled);
    filled += chunk.length;
  }
  if (filled < size) throw new DamageError("changes while it is read");
  return bytes;
}

async function* readable(
  { isLocal }: SourceTree,
  chunks: AsyncIterable<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  try {
    yield* chunks;
  } catch (error) {
    if (!isLocal || !(error instanceof UnavailableError)) throw error;
    throw new DamageError(`cannot be read: ${(error.cause as Error | undefined)?.message}`, { cause: error });
  }
}
