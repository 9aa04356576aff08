import { DatabaseSync } from "node:sqlite";
import type { Keeper, Piece, StoredObject, StoredPart, Upload } from "./bucket.ts";

/**
 * Keeps the bytes in files of a folder and the rest in a database beside them, so that a later server has the same
 * content. Files of deleted objects go when the folder is opened the next time.
 */
export function inFolder(folder: string): Keeper {
  Deno.mkdirSync(`${folder}/pieces`, { recursive: true });
  const entries = openEntries(`${folder}/index.sqlite`);
  const piece = ({ file, length }: StoredPiece) => new FilePiece(`${folder}/pieces`, file, length);
  const partsOf = (uploadId: string) =>
    new KeptMap<number, StoredPart>(entries, `parts/${uploadId}`, (part: Stored<StoredPart>) => ({
      ...part,
      bytes: piece(part.bytes),
      modified: new Date(part.modified),
    }));
  const objects = new KeptMap<string, StoredObject>(entries, "objects", (object: Stored<StoredObject>) => ({
    ...object,
    pieces: object.pieces.map(piece),
    modified: new Date(object.modified),
  }));
  const uploads = new KeptMap<string, Upload>(entries, "uploads", (upload: Stored<Upload>) => ({
    ...upload,
    initiated: new Date(upload.initiated),
    parts: partsOf(upload.id),
  }));
  removeUnused(folder, [
    ...[...objects.values()].flatMap(({ pieces }) => pieces),
    ...[...uploads.values()].flatMap(({ parts }) => [...parts.values()].map(({ bytes }) => bytes)),
  ]);
  return {
    objects,
    uploads,
    partsOf,
    keep(bytes) {
      const file = crypto.randomUUID();
      Deno.writeFileSync(`${folder}/pieces/${file}`, bytes);
      return piece({ file, length: bytes.length });
    },
    close: () => entries.close(),
  };
}

/** A {@linkcode Piece} as it stands in the database. */
interface StoredPiece {
  readonly file: string;
  readonly length: number;
}

/** A value after its way through JSON. */
type Stored<V> = {
  [Name in keyof V]: V[Name] extends Date ? string
    : V[Name] extends Piece ? StoredPiece
    : V[Name] extends readonly Piece[] ? StoredPiece[]
    : V[Name];
};

class FilePiece implements Piece {
  readonly #folder: string;

  constructor(folder: string, readonly file: string, readonly length: number) {
    this.#folder = folder;
  }

  subarray(start: number, end: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(end - start);
    using file = Deno.openSync(`${this.#folder}/${this.file}`);
    file.seekSync(start, Deno.SeekMode.Start);
    for (let at = 0; at < bytes.length;) {
      const read = file.readSync(bytes.subarray(at));
      if (read === null) {
        throw new Error(`Cannot read "${this.file}": it is shorter than ${this.length} bytes`);
      }
      at += read;
    }
    return bytes;
  }
}

function openEntries(path: string): DatabaseSync {
  const entries = new DatabaseSync(path);
  entries.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
  entries.exec(
    "CREATE TABLE IF NOT EXISTS entries (map TEXT, key ANY, value TEXT, PRIMARY KEY (map, key)) STRICT",
  );
  return entries;
}

/** A map whose entries are in the database as well. */
class KeptMap<K extends string | number, V> extends Map<K, V> {
  readonly #entries: DatabaseSync;
  readonly #name: string;

  /** Reads the entries of the map of this name. */
  // deno-lint-ignore no-explicit-any -- the text is what `set` has written
  constructor(entries: DatabaseSync, name: string, fromJson: (stored: any) => V) {
    super();
    this.#entries = entries;
    this.#name = name;
    for (const { key, value } of entries.prepare("SELECT key, value FROM entries WHERE map = ?").all(name)) {
      super.set(key as K, fromJson(JSON.parse(value as string)));
    }
  }

  override set(key: K, value: V): this {
    this.#entries.prepare("INSERT OR REPLACE INTO entries VALUES (?, ?, ?)")
      .run(this.#name, key, JSON.stringify(value));
    return super.set(key, value);
  }

  override delete(key: K): boolean {
    this.#entries.prepare("DELETE FROM entries WHERE map = ? AND key = ?").run(this.#name, key);
    return super.delete(key);
  }
}

/** Removes the files of content that was deleted or overwritten. */
function removeUnused(folder: string, used: readonly Piece[]): void {
  const files = new Set(used.map((piece) => (piece as FilePiece).file));
  for (const { name } of Deno.readDirSync(`${folder}/pieces`)) {
    if (!files.has(name)) Deno.removeSync(`${folder}/pieces/${name}`);
  }
}
