import type { Content } from "./content.ts";
import { becomes, PRESENT } from "./ledger.ts";
import type { Attempt } from "./register.ts";
import { blobFact, expectStatus, type Scene } from "./scene.ts";
import { type Answer, send } from "./wire.ts";

/** Form of a chunk's request. */
export interface ChunkStyle {
  /** With `Content-Range`. */
  ranged: boolean;
  /** With `Transfer-Encoding: chunked`, of unknown length. */
  streamed: boolean;
}

/**
 * An upload from its acknowledged POST on, and its known progress. One writer at a time works on it. A kill may
 * interrupt it at any place, and then any writer may continue it.
 */
export class Upload {
  readonly #scene: Scene;
  readonly #repository: string;
  readonly #content: Content;
  readonly #path: string;
  /** Bytes that the registry has acknowledged, and that it may have. */
  #offset = { sure: 0, possible: 0 };
  /** Requests without an answer. */
  #asked: "commit" | "cancel" | undefined;
  #commit: Attempt | undefined;
  /** True if a kill has interrupted it since the registry was last found to go on with it. */
  #interrupted = false;
  #lastUse = Date.now();

  private constructor(scene: Scene, repository: string, content: Content, path: string) {
    this.#scene = scene;
    this.#repository = repository;
    this.#content = content;
    this.#path = path;
    scene.uploads.add(this);
  }

  /** Begins an upload; `query` is what the POST says beyond that. */
  static async start(
    scene: Scene,
    url: string,
    repository: string,
    content: Content,
    query = "",
  ): Promise<Upload> {
    const answer = await send(url, "POST", `/v2/${repository}/blobs/uploads/${query}`);
    expectStatus("the start of an upload", answer, [202]);
    return Upload.from(scene, repository, content, answer);
  }

  /** The upload that an answer with 202 tells of. */
  static from(scene: Scene, repository: string, content: Content, answer: Answer): Upload {
    return new Upload(scene, repository, content, answer.headers.get("Location") ?? "");
  }

  /** Bytes that are still to be sent. */
  get left(): number {
    return this.#content.size - this.#offset.sure;
  }

  /** Milliseconds since the registry was last known to have renewed it. */
  get age(): number {
    return Date.now() - this.#lastUse;
  }

  /** Sends the next `size` bytes. Answers whether the registry took them; it may say that it is busy after a kill. */
  async append(url: string, size: number, { ranged, streamed }: ChunkStyle): Promise<boolean> {
    const first = this.#offset.sure;
    const chunk = this.#content.bytes().subarray(first, first + size);
    this.#offset.possible = first + size;
    const sent = Date.now();
    const answer = await this.#interruptible(() =>
      send(url, "PATCH", this.#path, {
        headers: {
          "Content-Type": "application/octet-stream",
          ...(ranged ? { "Content-Range": `${first}-${first + size - 1}` } : {}),
        },
        body: streamed ? streamOf(chunk) : chunk,
      })
    );
    // What the killed process had claimed stays claimed for a while.
    expectStatus("a chunk", answer, this.#interrupted ? [202, 416] : [202]);
    if (answer.status === 416) return false;
    expectRange(answer, first + size);
    this.#scene.count("upload, chunk", "acknowledged");
    this.#lastUse = sent;
    this.#interrupted = false;
    this.#offset = { sure: first + size, possible: first + size };
    return true;
  }

  /**
   * Sends all the bytes that are left and makes the whole a blob. Answers whether it is one now; the registry may say
   * that it is busy after a kill.
   */
  async commit(url: string, { ranged }: Pick<ChunkStyle, "ranged">): Promise<boolean> {
    const { digest, size } = this.#content;
    const body = this.#content.bytes().subarray(this.#offset.sure);
    const range = ranged && body.length > 0 ? { "Content-Range": `${this.#offset.sure}-${size - 1}` } : {};
    this.#asked = "commit";
    this.#offset.possible = size;
    const fact = blobFact(this.#repository, digest);
    this.#scene.ledger.touch(fact);
    // However often it has to be repeated, it is one operation: the first request may have done it long ago.
    this.#commit ??= this.#scene.ledger.begin([becomes(fact, PRESENT)]);
    const answer = await this.#interruptible(() =>
      send(url, "PUT", `${this.#path}?digest=${digest}`, { headers: range, body })
    );
    this.#scene.count("upload, commit", answer.status === 201 ? "acknowledged" : "refused");
    // 404: it was done, and a delete took the blob before it was repeated.
    expectStatus("a commit", answer, this.#interrupted ? [201, 404, 416, 503] : [201]);
    if (answer.status === 404) this.forget();
    if (answer.status !== 201) return false;
    this.#commit.acknowledge();
    this.#scene.uploads.delete(this);
    return true;
  }

  /** Leaves the upload to its expiry. */
  forget(): void {
    this.#commit?.lose();
    this.#scene.uploads.delete(this);
  }

  /** The PUT of a client that missed the answer to its first one: it must have the same effect. */
  async commitAgain(url: string): Promise<void> {
    const answer = await send(url, "PUT", `${this.#path}?digest=${this.#content.digest}`);
    expectStatus("a repeated commit", answer, [201]);
  }

  /** Commits under a digest that the content does not have. */
  async commitWrongly(url: string, digest: string): Promise<void> {
    this.#scene.uploads.delete(this);
    this.#scene.ledger.touch(blobFact(this.#repository, digest));
    const body = this.#content.bytes().subarray(this.#offset.sure);
    expectStatus(
      "a commit with a wrong digest",
      await send(url, "PUT", `${this.#path}?digest=${digest}`, { body }),
      [400],
    );
  }

  /** Gives the upload up. */
  async cancel(url: string): Promise<void> {
    this.#asked = "cancel";
    const answer = await this.#interruptible(() => send(url, "DELETE", this.#path));
    expectStatus("a cancel", answer, [204]);
    this.#scene.count("upload, cancel", "acknowledged");
    this.forget();
    expectStatus("the status of a cancelled upload", await send(url, "GET", this.#path), [404]);
  }

  /** Asks for its progress, and returns the problem with the answer, if any. For an upload on which no writer works. */
  async check(url: string): Promise<string | undefined> {
    const answer = await send(url, "GET", this.#path);
    if (answer.status === 404 && this.#asked !== undefined) {
      if (this.#asked === "cancel") this.forget();
      // Otherwise it is done, and a repeated PUT must say so.
      this.#offset = { sure: this.#content.size, possible: this.#content.size };
      return undefined;
    }
    if (answer.status !== 204) return `Got ${answer.status} for the status of ${this}`;
    const offset = offsetOf(answer);
    const { sure, possible } = this.#offset;
    if (offset < sure || offset > possible) return `Found ${offset} bytes in ${this}`;
    this.#offset = { sure: offset, possible: offset };
    return undefined;
  }

  toString(): string {
    const { sure, possible } = this.#offset;
    const { size, digest } = this.#content;
    return `upload ${this.#path}, which has ${sure} to ${possible} of ${size} bytes of ${digest}` +
      (this.#asked === undefined ? "" : `, after a ${this.#asked} without an answer`);
  }

  /** Runs a request, and remembers where its answer was lost. */
  async #interruptible(request: () => Promise<Answer>): Promise<Answer> {
    try {
      return await request();
    } catch (error) {
      this.#interrupted = true;
      this.#scene.count(`upload, ${this.#asked ?? "chunk"}`, "lost");
      throw error;
    }
  }
}

/** `Range: 0-N`, both inclusive; a chunk of one byte looks like none, and no test sends one. */
function offsetOf(answer: Answer): number {
  const last = Number(/^0-(\d+)$/.exec(answer.headers.get("Range") ?? "")?.[1]);
  return last === 0 ? 0 : last + 1;
}

function expectRange(answer: Answer, offset: number): void {
  if (offsetOf(answer) === offset) return;
  throw new Error(`Got Range "${answer.headers.get("Range")}" where ${offset} bytes were sent`);
}

/** The bytes in small steps, so that their number is not known in advance. */
function streamOf(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
  let offset = 0;
  return new ReadableStream({
    pull(controller) {
      controller.enqueue(bytes.slice(offset, offset += 64 * 1024));
      if (offset >= bytes.length) controller.close();
    },
  });
}
