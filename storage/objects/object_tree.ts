import { randomBytes } from "node:crypto";
import { dirname, join } from "node:path";
import { syncFolder } from "../durable_folder.ts";
import { PRIVATE_FILE_MODE, PRIVATE_FOLDER_MODE } from "../private_files.ts";

/** Paths of an object's files. */
export interface Paths {
  /** Folder of all its files. */
  folder: string;
  /** Complete object. */
  object: string;
  /** Incomplete object, to which parts are written. */
  staged: string;
  /** Folder for parts whose place in the staged object is already taken. */
  again: string;
}

/** Key and upload that a file's name stands for. */
export interface Entry {
  /** Key of the object. */
  key: string;
  /** Id of the parts, for an incomplete object. */
  partsId?: string;
}

/** File names of the store. No key contains a dot, so such a file is never mistaken for a folder of keys. */
const NAME = /^([a-z0-9-]+)(?:\.object|\.([0-9a-f]{24})\.(?:staged|again))$/;
const PARTS_ID = /^[0-9a-f]{24}$/;

/** Maximum folders in memory; above that all are forgotten. */
const MAX_KNOWN_FOLDERS = 10_000;

/** New id for an incomplete object. */
export function randomPartsId(): string {
  return randomBytes(12).toString("hex");
}

/** True if a store of this kind can have made the id. An invalid id must not get into a path. */
export function isPartsId(text: string): boolean {
  return PARTS_ID.test(text);
}

/** Entry that the file `name` stands for, in the folder of the keys that begin with `base`. */
export function parseEntry(base: string, name: string): Entry | undefined {
  const [, segment, partsId] = NAME.exec(name) ?? [];
  if (segment === undefined) return undefined;
  return partsId === undefined ? { key: base + segment } : { key: base + segment, partsId };
}

/**
 * The tree of folders that objects lie in, a folder for each segment of the key. Folders come with their first file
 * and stay: keys share a bounded number of them.
 */
export class ObjectTree {
  readonly #root: string;
  /** Folders that this process knows to exist durably. */
  readonly #known = new Set<string>();

  /** The tree below `root`, a folder that exists. */
  constructor(root: string) {
    this.#root = root;
  }

  /** Paths of the object `key`, and of its parts under the id `partsId`. */
  pathsOf(key: string, partsId = ""): Paths {
    const path = join(this.#root, key);
    return {
      folder: dirname(path),
      object: `${path}.object`,
      staged: `${path}.${partsId}.staged`,
      again: `${path}.${partsId}.again`,
    };
  }

  /** Creates a file and its folders. Fails if the file exists. */
  async create(path: string): Promise<Deno.FsFile> {
    await this.#ensure(dirname(path));
    return await Deno.open(path, { write: true, createNew: true, mode: PRIVATE_FILE_MODE });
  }

  /** Ensures that the folder exists and that the path to it is synced, even if another process created it. */
  async #ensure(folder: string): Promise<void> {
    if (folder === this.#root || this.#known.has(folder)) return;
    const parent = dirname(folder);
    await this.#ensure(parent);
    try {
      await Deno.mkdir(folder, { mode: PRIVATE_FOLDER_MODE });
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    }
    await syncFolder(parent);
    if (this.#known.size >= MAX_KNOWN_FOLDERS) this.#known.clear();
    this.#known.add(folder);
  }
}
