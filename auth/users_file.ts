import { Users, UsersError } from "./users.ts";

/** What {@linkcode UsersFile} takes. */
export interface UsersFileOptions {
  /** Told once of a change that can't be used. */
  failed: (error: unknown) => void;
  /** The present in milliseconds since the epoch. */
  now?: () => number;
}

/** Milliseconds for which the file is not looked at again. */
const PERIOD = 1000;

/** Milliseconds after a change in which another one may leave the same time on the file. */
const SETTLED = 2000;

/** Bytes of the largest file. */
const LARGEST = 16 * 2 ** 20;

/** An htpasswd file, which may change or be replaced at any time. What can't be read changes nothing. */
export class UsersFile {
  readonly #path: string;
  readonly #options: Required<UsersFileOptions>;
  #users: Users;
  #seen: string;
  #lookedAt: number;
  #looking: Promise<void> | undefined;
  #complaint: string | undefined;

  private constructor(path: string, options: Required<UsersFileOptions>, { users, mark }: Reading) {
    this.#path = path;
    this.#options = options;
    this.#users = users;
    this.#seen = mark;
    this.#lookedAt = options.now();
  }

  /**
   * The file under this path.
   *
   * @throws {UsersError} where it can't be read or used as it is.
   */
  static async open(path: string, options: UsersFileOptions): Promise<UsersFile> {
    const { now = Date.now } = options;
    return new UsersFile(path, { ...options, now }, await readUsers(path, now));
  }

  /** The users that the file has, or had within the last second; where it can't be used, those that it had before. */
  async current(): Promise<Users> {
    const now = this.#options.now();
    // A clock that was set back must not stop it.
    if (Math.abs(now - this.#lookedAt) >= PERIOD) {
      this.#lookedAt = now;
      this.#looking = this.#look();
    }
    await this.#looking;
    return this.#users;
  }

  async #look(): Promise<void> {
    try {
      const reading = await readUsers(this.#path, this.#options.now, this.#seen);
      this.#seen = reading?.mark ?? this.#seen;
      this.#users = reading?.users ?? this.#users;
      if (reading !== undefined) this.#complaint = undefined;
    } catch (error) {
      const complaint = (error as Error).message;
      if (complaint !== this.#complaint) this.#options.failed(error);
      this.#complaint = complaint;
    }
  }
}

/** What a file has said. */
interface Reading {
  users: Users;
  /** What the file looked like; empty where it may change again without looking otherwise. */
  mark: string;
}

async function readUsers(path: string, now: () => number): Promise<Reading>;
async function readUsers(path: string, now: () => number, seen: string): Promise<Reading | undefined>;
async function readUsers(path: string, now: () => number, seen?: string): Promise<Reading | undefined> {
  try {
    using file = await Deno.open(path);
    const { mtime, size, ino, dev } = await file.stat();
    const changedAt = mtime?.getTime() ?? Infinity;
    const mark = changedAt + SETTLED < now() ? `${changedAt} ${size} ${dev} ${ino}` : "";
    if (mark !== "" && mark === seen) return undefined;
    if (size > LARGEST) throw new UsersError(`Cannot use "${path}": It is larger than ${LARGEST} bytes`);
    const text = await new Response(file.readable).text();
    return { users: Users.parse(text, `"${path}"`), mark };
  } catch (error) {
    if (error instanceof UsersError) throw error;
    const reason = (error as Error).message.replace(/ \(os error.*$/s, "");
    throw new UsersError(`Cannot read "${path}": ${reason}`, { cause: error });
  }
}
