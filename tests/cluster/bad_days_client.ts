import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Content, digestOf, manifest, type ManifestContent } from "../kill/content.ts";
import type { Answer, Send } from "../kill/wire.ts";
import type { BadDays } from "./bad_days_stores.ts";
import { stampedBlob } from "./stamped_blob.ts";

/** Longer than the registry may delay a client: two calls to S3 in a row, with all attempts of each. */
const PATIENCE_MS = 75_000;

/** Maximum time until the registry notices that a store is back, in milliseconds. */
const RECOVERY_MS = 60_000;

/** The only repository. */
export const REPOSITORY = "bad/days";

/** An image with all that it consists of. */
export interface TestImage {
  readonly config: Content;
  readonly layer: Content;
  readonly manifest: ManifestContent;
  readonly tag: string;
}

let names = 0;

/** Options of {@linkcode newImage}. */
export interface ImageOptions {
  /** Bytes of the layer. */
  readonly size?: number;
  /** Bytes of the manifest, which has an object of its own if they are many. */
  readonly padding?: number;
  /** Whose blobs it has, if not its own. */
  readonly of?: TestImage;
}

/** An image whose manifest is like no other. */
export function newImage({ size = 100_000, padding = 0, of }: ImageOptions = {}): TestImage {
  const name = names++;
  const config = of?.config ?? stampedBlob(0, 2 * name, 500);
  const layer = of?.layer ?? stampedBlob(0, 2 * name + 1, size);
  const content = manifest({ name, algorithm: "sha256", config, layers: [layer], padding });
  return { config, layer, manifest: content, tag: `t${name}` };
}

/** Asks a registry whose stores may have a bad day. */
export class BadDaysClient implements Disposable {
  readonly #world: BadDays;
  readonly #pid: number;
  /** With a connection for each request, or Deno would silently repeat some that fail. */
  readonly #http = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });

  /** A client of a registry that must not be started again from now on. */
  constructor(world: BadDays) {
    this.#world = world;
    this.#pid = world.registry.pid;
  }

  /** Sends a request to a path of the repository, and answers before the body comes. */
  async open(method: string, path: string, { headers, body }: Send = {}): Promise<Response> {
    return await fetch(`${this.#world.registry.url}/v2/${REPOSITORY}/${path}`, {
      method,
      client: this.#http,
      signal: AbortSignal.timeout(PATIENCE_MS),
      ...(headers === undefined ? {} : { headers }),
      ...(body === undefined ? {} : { body }),
    });
  }

  /** Sends a request and reads its answer to the end. */
  async ask(method: string, path: string, options: Send = {}): Promise<Answer> {
    const response = await this.open(method, path, options);
    return { status: response.status, headers: response.headers, body: await response.bytes() };
  }

  /** Pushes a whole blob by one request. */
  pushBlob(content: Content): Promise<Answer> {
    return this.ask("POST", `blobs/uploads/?digest=${content.digest}`, { body: content.bytes() });
  }

  /** Begins an upload, and answers its path below the repository. */
  async begin(): Promise<string> {
    const { status, headers } = await this.ask("POST", "blobs/uploads/");
    assertEquals(status, 202);
    return (headers.get("Location") ?? "").replace(`/v2/${REPOSITORY}/`, "");
  }

  /** Pushes a manifest by its tag. */
  pushManifest({ manifest, tag }: TestImage): Promise<Answer> {
    return this.ask("PUT", `manifests/${tag}`, {
      headers: { "Content-Type": manifest.mediaType },
      body: manifest.bytes(),
    });
  }

  /** Pushes an image, and answers the statuses that this got. */
  async push(image: TestImage): Promise<number[]> {
    const blobs = [await this.pushBlob(image.layer), await this.pushBlob(image.config)];
    return [...blobs, await this.pushManifest(image)].map(({ status }) => status);
  }

  /** Pushes an image again and again until all of it is acknowledged, as clients do after a 503. */
  async pushRepeatedly(image: TestImage): Promise<void> {
    for (const deadline = Date.now() + RECOVERY_MS;;) {
      const statuses = await this.push(image);
      if (statuses.every((status) => status === 201)) return;
      assert(statuses.every((status) => [201, 400, 503].includes(status)), `Got ${statuses}`);
      assert(Date.now() < deadline, `Still got ${statuses} for a push`);
    }
  }

  /** Asserts that all of an image is there. */
  async assertPulls({ config, layer, manifest, tag }: TestImage): Promise<void> {
    const paths = [
      [`manifests/${tag}`, manifest.digest],
      ...[config, layer].map(({ digest }) => [`blobs/${digest}`, digest] as const),
    ] as const;
    for (const [path, digest] of paths) {
      const { status, body } = await this.ask("GET", path);
      assertEquals([status, digestOf(body)], [200, digest], path);
    }
  }

  /** Asserts that an image can be pushed again by the same process, and that these can be pulled. */
  async assertRecovers(...images: readonly TestImage[]): Promise<void> {
    const image = newImage({ size: 2_000_000 });
    await this.pushRepeatedly(image);
    for (const each of [image, ...images]) await this.assertPulls(each);
    // An answer is remembered for a second.
    const ready = () => fetch(`${this.#world.registry.url}/readyz`).then((each) => each.text());
    for (const deadline = Date.now() + RECOVERY_MS; await ready() !== "ok\n";) {
      assert(Date.now() < deadline, "Still not ready");
    }
    assertEquals(this.#world.registry.pid, this.#pid);
    assertEquals(internalErrors(this.#world.registry.log()), []);
  }

  /** Closes its connections. */
  [Symbol.dispose](): void {
    this.#http.close();
  }
}

/** Errors that the registry itself did not expect. */
function internalErrors(log: string): string[] {
  return log.split("\n").filter((line) =>
    line.includes('"http.response.status_code":500') || /\bbug\b/i.test(line)
  );
}

/** Asserts that an answer says that it may go better later, as the specification wants it said. */
export function assertUnavailable({ status, headers, body }: Answer, what: string): void {
  assertEquals(status, 503, what);
  assertMatch(headers.get("Retry-After") ?? "", /^\d+$/, what);
  if (body.length > 0 || !what.startsWith("HEAD")) assertHasErrors(body, what);
}

/** Asserts that an answer says that there is no room. */
export function assertFull({ status, body }: Answer, what: string): void {
  assertEquals(status, 507, what);
  assertHasErrors(body, what);
}

/** distribution-spec §"Error Codes". */
function assertHasErrors(body: Uint8Array, what: string): void {
  const { errors } = JSON.parse(new TextDecoder().decode(body));
  assertEquals([typeof errors[0].code, typeof errors[0].message], ["string", "string"], what);
}
