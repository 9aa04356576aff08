import { AssertionError } from "@std/assert";
import type { Content } from "../kill/content.ts";
import type { Answer } from "../kill/wire.ts";
import type { ChaosClient } from "./chaos_client.ts";

/** Maximum continuations of an upload before the client begins another one. */
const MAX_RESUMPTIONS = 4;

/** One upload of a blob by one client, from its POST on. */
export class ChaosUpload {
  readonly #client: ChaosClient;
  readonly #content: Content;
  readonly #path: string;
  /** Ends of the bodies of the PATCHes; the PUT's body begins at the last of them. */
  readonly #ends: readonly number[];
  readonly #ranged: boolean;
  #offset = 0;

  /** The upload that an answer with 202 has begun, with bodies that end at `ends`. */
  constructor(client: ChaosClient, content: Content, begun: Answer, ends: readonly number[]) {
    const path = begun.headers.get("Location");
    if (path === null) throw new AssertionError("An upload began without a Location");
    this.#client = client;
    this.#content = content;
    this.#path = path;
    this.#ends = ends;
    this.#ranged = ends.length > 1 && client.dice.chance(70);
  }

  /** Sends all the bytes, and answers whether they are a blob now; where not, another upload is needed. */
  async finish(): Promise<boolean> {
    let resumed = 0;
    while (resumed < MAX_RESUMPTIONS) {
      const end = this.#ends.find((end) => end > this.#offset);
      const answer = end === undefined
        ? await this.#commit(resumed > 0)
        : await this.#append(end, resumed > 0);
      if (answer === "done") return true;
      if (answer === "on") continue;
      if (this.#client.dice.chance(35) || !await this.#look()) return false;
      this.#client.run.counts.add("upload resumed");
      resumed++;
    }
    return false;
  }

  async #append(end: number, resumed: boolean): Promise<"on" | undefined> {
    const first = this.#offset;
    const body = this.#content.bytes().slice(first, end);
    const streamed = this.#client.dice.chance(40);
    const ranged = this.#ranged || resumed;
    const answer = await this.#client.ask("chunk", "PATCH", this.#path, [202, 404, 416], {
      headers: {
        "Content-Type": "application/octet-stream",
        ...(ranged ? { "Content-Range": `${first}-${end - 1}` } : {}),
      },
      body: streamed ? streamOf(body) : body,
    });
    if (answer?.status !== 202) return undefined;
    this.#offset = offsetOf(answer);
    if (this.#offset !== end) {
      throw new AssertionError(`Got offset ${this.#offset} after ${end} bytes of ${this.#path}`);
    }
    return "on";
  }

  async #commit(resumed: boolean): Promise<"done" | undefined> {
    const { digest, size } = this.#content;
    const first = this.#offset;
    const body = this.#content.bytes().slice(first);
    const ranged = (this.#ranged || resumed) && body.length > 0;
    const path = `${this.#path}?digest=${digest}`;
    const answer = await this.#client.ask("commit", "PUT", path, [201, 404, 416], {
      headers: ranged ? { "Content-Range": `${first}-${size - 1}` } : {},
      body,
    });
    return answer?.status === 201 ? "done" : undefined;
  }

  /** Asks how far it has come, and answers whether it is still there. */
  async #look(): Promise<boolean> {
    const answer = await this.#client.persist("the status of an upload", () => {
      return this.#client.ask("status", "GET", this.#path, [204, 404]);
    });
    if (answer.status === 404) return false;
    const offset = offsetOf(answer);
    if (offset < this.#offset) {
      throw new AssertionError(`Got offset ${offset} where ${this.#offset} bytes were acknowledged`);
    }
    this.#offset = offset;
    return true;
  }
}

/** `Range: 0-N`, both inclusive; a chunk of one byte looks like none, and no test sends one. */
function offsetOf(answer: Answer): number {
  const last = Number(/^0-(\d+)$/.exec(answer.headers.get("Range") ?? "")?.[1]);
  return last === 0 ? 0 : last + 1;
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
