import { createHash, type Hash } from "node:crypto";
import type { NewItem } from "../storage/ports.ts";
import { BackupError } from "./backup_error.ts";
import { objectOf } from "./kinds.ts";

/** Beginning of a backup's first line, and the version of its format. */
const FORMAT = "skerry-backup";
const FORMAT_VERSION = 1;

/** First line of a backup. */
export interface BackupHeader {
  /** Unique id of the backup. */
  id: string;
  /** Everything that was acknowledged before this moment is in the backup; milliseconds since the epoch. */
  startedAt: number;
}

/** Last line of a backup. */
export interface BackupCounts {
  /** Lines between the first and the last one; an item may take several, of which the last one counts. */
  items: number;
  /** Number of lines that name an object. */
  objects: number;
  /** Bytes of these objects. */
  bytes: number;
}

/** Characters that are compressed at a time. */
const CHUNK_CHARACTERS = 64 * 1024;

/**
 * Archive of a backup: JSON lines, compressed with gzip. The first line has the format and the start time, the last one
 * the number of items between them and the SHA-256 of all lines above.
 *
 * @param counts Called with the content of the last line when it has been written.
 */
export function writeArchive(
  header: BackupHeader,
  items: AsyncIterable<NewItem>,
  counts: (counts: BackupCounts) => void = () => {},
): ReadableStream<Uint8Array<ArrayBuffer>> {
  return ReadableStream.from(chunksOf(header, items, counts)).pipeThrough(new CompressionStream("gzip"));
}

async function* chunksOf(
  { id, startedAt }: BackupHeader,
  items: AsyncIterable<NewItem>,
  tell: (counts: BackupCounts) => void,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const hash = createHash("sha256");
  const counts = { items: 0, objects: 0, bytes: 0 };
  const time = new Date(startedAt).toISOString();
  let text = `${JSON.stringify({ format: FORMAT, version: FORMAT_VERSION, id, time })}\n`;
  const take = () => {
    const bytes = new TextEncoder().encode(text);
    hash.update(bytes);
    text = "";
    return bytes;
  };
  for await (const item of items) {
    const object = objectOf(item);
    counts.items++;
    if (object !== undefined) counts.objects++;
    counts.bytes += object?.size ?? 0;
    text += `${lineOf(item)}\n`;
    if (text.length >= CHUNK_CHARACTERS) yield take();
  }
  yield take();
  text = `${JSON.stringify({ end: counts, sha256: hash.copy().digest("hex") })}\n`;
  yield take();
  tell(counts);
}

/** Line of an item: everything except its version, which the table creates. */
function lineOf({ pk, sk, attributes, bytes, index }: NewItem): string {
  return JSON.stringify({ pk, sk, attributes, bytes: bytes?.toBase64(), index });
}

/** A backup that was read to its end and is whole. */
export class Archive {
  /** First line of the backup. */
  readonly header: BackupHeader;
  /** Last line of the backup. */
  readonly counts: BackupCounts;
  readonly #open: () => Promise<ReadableStream<Uint8Array<ArrayBuffer>>>;

  private constructor(read: ArchiveReader, open: () => Promise<ReadableStream<Uint8Array<ArrayBuffer>>>) {
    this.header = read.header!;
    this.counts = read.counts!;
    this.#open = open;
  }

  /**
   * Opens a backup: reads it to its end and verifies it. `open` is called again for each read of its items.
   *
   * @throws {BackupError} if it is not a backup, truncated, altered, or of a later release.
   */
  static async open(open: () => Promise<ReadableStream<Uint8Array<ArrayBuffer>>>): Promise<Archive> {
    const reader = new ArchiveReader();
    for await (const _ of reader.items(await open()));
    return new Archive(reader, open);
  }

  /**
   * Items in the order in which they were written.
   *
   * @throws {BackupError} if the backup has changed since it was opened.
   */
  async *items(): AsyncGenerator<NewItem> {
    yield* new ArchiveReader().items(await this.#open());
  }
}

/** One read of a backup. */
class ArchiveReader {
  header: BackupHeader | undefined;
  counts: BackupCounts | undefined;
  readonly #hash: Hash = createHash("sha256");
  #items = 0;

  async *items(compressed: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<NewItem> {
    for await (const line of linesOf(compressed)) {
      if (this.counts !== undefined) throw broken("it has data after its end");
      const value = parseLine(line);
      if (this.header === undefined) this.header = headerOf(value);
      else if (value.end !== undefined) this.counts = this.#endOf(value);
      else {
        this.#items++;
        yield itemOf(value);
      }
      this.#hash.update(`${line}\n`);
    }
    if (this.counts === undefined) throw broken("its end is missing");
  }

  #endOf({ end, sha256 }: Record<string, unknown>): BackupCounts {
    const counts = end as BackupCounts;
    if (sha256 !== this.#hash.copy().digest("hex") || counts.items !== this.#items) {
      throw broken("its content does not match its last line");
    }
    return counts;
  }
}

async function* linesOf(compressed: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  const text = compressed.pipeThrough(new DecompressionStream("gzip")).pipeThrough(new TextDecoderStream());
  const reader = text.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((error) => {
        if (error instanceof TypeError) throw broken(error.message); // what the decompression throws
        throw error;
      });
      if (done) break;
      const lines = (rest + value).split("\n");
      rest = lines.pop()!;
      yield* lines;
    }
    if (rest !== "") throw broken("it ends in the middle of a line");
  } finally {
    await reader.cancel().catch(() => {}); // it is broken
  }
}

function parseLine(line: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(line));
  } catch {
    throw broken("it has a line that is not JSON");
  }
}

function headerOf({ format, version, id, time }: Record<string, unknown>): BackupHeader {
  if (format !== FORMAT) throw broken("its first line is not that of a backup");
  if (version !== FORMAT_VERSION) {
    throw new BackupError(`Cannot read the backup: its format ${version} is from a later release`);
  }
  return { id: String(id), startedAt: Date.parse(String(time)) };
}

function itemOf({ bytes, ...item }: Record<string, unknown>): NewItem {
  const content = typeof bytes === "string" ? { bytes: Uint8Array.fromBase64(bytes) } : {};
  return { ...item as unknown as NewItem, ...content };
}

function broken(reason: string): BackupError {
  return new BackupError(`Cannot read the backup: ${reason}`);
}
