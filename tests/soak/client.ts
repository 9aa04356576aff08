import { createHash, randomBytes, randomInt } from "node:crypto";

/** Shares of what a client does, in parts of their sum. */
export interface Mix {
  /** Pushes an image under a tag that may point elsewhere, and deletes the oldest one. */
  image: number;
  /** Pulls an image by its tag. */
  pull: number;
  /** Deletes a tag. */
  untag: number;
  /** Begins an upload, and cancels or abandons it. */
  abort: number;
  /** Pushes a blob that no manifest references. */
  loose: number;
  /** Mounts a blob into a repository that never uses it. */
  mount: number;
  /** Pushes a manifest whose blobs do not exist. */
  refused: number;
}

/** Images and deletes alone. */
export const CHURN: Mix = { image: 1, pull: 0, untag: 0, abort: 0, loose: 0, mount: 0, refused: 0 };

/** Everything that leaves garbage, and pulls. */
export const EVERYTHING: Mix = { image: 8, pull: 6, untag: 1, abort: 2, loose: 1, mount: 1, refused: 1 };

/** Counts of all clients of a soak. */
export interface Counts {
  /** Images that were pushed. */
  images: number;
  /** Milliseconds that each push of an image took; the last thousand. */
  pushes: number[];
  /** Requests with another status than the one that was expected, each in a line. */
  failures: string[];
}

/** Options of {@linkcode runClient}. */
export interface ClientOptions {
  /** `http://host:port`. */
  url: string;
  /** A repository of its own. */
  repository: string;
  mix: Mix;
  /** Images that are kept: the oldest is deleted when there are more. */
  keep: number;
  /** Milliseconds from the beginning of one action to that of the next, at least. */
  every: number;
  counts: Counts;
  stopped: () => boolean;
}

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar";

/** Bytes of a layer. */
const LAYER = { least: 200_000, most: 800_000 };

const MAX_PUSHES = 1000;

/** `MANIFEST_BLOB_UNKNOWN`. */
const REFUSED_STATUS = 400;

/** Milliseconds that a client waits after a 503. */
const BUSY_PAUSE_MS = 1000;

/** Thrown where the registry answers 503. */
class Busy extends Error {}

interface Image {
  manifest: string;
  layer: string;
  tag: string;
}

/** A client that pushes, pulls and deletes until it is stopped. */
export async function runClient(options: ClientOptions): Promise<void> {
  const client = new Client(options);
  const choices = Object.entries(options.mix).flatMap(([name, share]) =>
    Array.from({ length: share }, () => name as keyof Mix)
  );
  while (!options.stopped()) {
    const began = performance.now();
    try {
      await client[choices[randomInt(choices.length)]!]();
    } catch (error) {
      // A registry that is asked for more than it can do says so, and its clients wait.
      if (error instanceof Busy) await new Promise((resolve) => setTimeout(resolve, BUSY_PAUSE_MS));
      else options.counts.failures.push(String(error));
    }
    const rest = options.every - (performance.now() - began);
    if (rest > 0) await new Promise((resolve) => setTimeout(resolve, rest));
  }
}

class Client implements Record<keyof Mix, () => Promise<void>> {
  readonly #options: ClientOptions;
  readonly #images: Image[] = [];
  #pushed = 0;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  async image(): Promise<void> {
    const { counts, keep } = this.#options;
    const began = performance.now();
    const layer = await this.#pushBlob(random(randomInt(LAYER.least, LAYER.most)));
    const config = await this.#pushBlob(random(300));
    const tag = `t${this.#pushed++ % (keep * 2)}`;
    const manifest = JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, config, layers: [layer] });
    const headers = { "Content-Type": MANIFEST };
    const answer = await this.#ask("PUT", `manifests/${tag}`, 201, { body: manifest, headers });
    counts.pushes.push(performance.now() - began);
    if (counts.pushes.length > MAX_PUSHES) counts.pushes.shift();
    counts.images++;
    const digest = answer.headers.get("Docker-Content-Digest")!;
    this.#images.push({ manifest: digest, layer: layer.digest, tag });
    if (this.#images.length <= keep) return;
    await this.#ask("DELETE", `manifests/${this.#images.shift()!.manifest}`, 202);
  }

  async pull(): Promise<void> {
    const image = this.#images.at(-1);
    if (image === undefined) return await this.image();
    await this.#ask("GET", `manifests/${image.manifest}`, 200);
    await this.#ask("GET", `blobs/${image.layer}`, 200);
  }

  async untag(): Promise<void> {
    const { tag } = this.#images[0] ?? {};
    if (tag !== undefined) await this.#ask("DELETE", `manifests/${tag}`, [202, 404]);
  }

  async abort(): Promise<void> {
    const location = await this.#begin();
    await this.#send("PATCH", location, 202, { body: random(100_000) });
    if (randomInt(2) === 0) await this.#send("DELETE", location, 204);
  }

  async loose(): Promise<void> {
    await this.#pushBlob(random(LAYER.least));
  }

  async mount(): Promise<void> {
    const { repository } = this.#options;
    const image = this.#images.at(-1);
    if (image === undefined) return await this.image();
    const path = `/v2/${repository}-mounted/blobs/uploads/?mount=${image.layer}&from=${repository}`;
    await this.#send("POST", path, 201);
  }

  async refused(): Promise<void> {
    const absent = { mediaType: LAYER_TYPE, size: 1, digest: digestOf(random(10)) };
    const body = JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, config: absent, layers: [] });
    await this.#ask("PUT", "manifests/refused", REFUSED_STATUS, {
      body,
      headers: { "Content-Type": MANIFEST },
    });
  }

  async #begin(): Promise<string> {
    const { headers } = await this.#ask("POST", "blobs/uploads/", 202);
    return headers.get("Location")!;
  }

  async #pushBlob(bytes: Uint8Array<ArrayBuffer>) {
    const digest = digestOf(bytes);
    const location = await this.#begin();
    await this.#send("PUT", `${location}?digest=${digest}`, 201, { body: bytes });
    return { mediaType: LAYER_TYPE, digest, size: bytes.length };
  }

  #ask(method: string, path: string, status: number | number[], init: RequestInit = {}): Promise<Response> {
    return this.#send(method, `/v2/${this.#options.repository}/${path}`, status, init);
  }

  async #send(
    method: string,
    path: string,
    status: number | number[],
    init: RequestInit = {},
  ): Promise<Response> {
    const response = await fetch(new URL(path, this.#options.url), { method, ...init });
    await response.arrayBuffer();
    if ([status].flat().includes(response.status)) return response;
    if (response.status === 503) throw new Busy();
    throw new Error(`${method} ${path.slice(0, 60)}: ${response.status}`);
  }
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function random(size: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(randomBytes(size));
}
