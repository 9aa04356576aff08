import type { Digest, RepositoryName, Tag } from "../../oci/mod.ts";
import {
  type Manifest,
  type StoredRegistry,
  type TagCondition,
  UNRESTRICTED_CALLER,
} from "../../registry/mod.ts";
import { digest as digestOfBytes } from "../harness/stores.ts";
import type { Ledger, Operation, Wish } from "./ledger.ts";
import { checkTarget, mustBeThere, nameOf, type Target } from "./read_check.ts";
import { must } from "./violation.ts";
import { type Blob, BLOBS, type ManifestPlan, MANIFESTS, TAGS } from "./world.ts";

/** Maximum attempts of a client after 503. */
export const ATTEMPTS = 4;

/** Answer to a client: the status, and the code of the specification. */
export interface Told {
  status: number;
  code: string;
}

/** Answer to a client for an error; `undefined` if it is not an error for clients. */
export function toldBy(error: unknown): Told | undefined {
  const { name, status, code } = Object(error) as { name?: string; status?: number; code?: string };
  if (name === "UnavailableError") return { status: 503, code: "UNAVAILABLE" };
  return status === undefined || code === undefined ? undefined : { status, code };
}

/** Thrown if the process of a request has died: the result is unknown to the client. */
export class ConnectionLost extends Error {
  readonly status = 503;
  readonly code = "CONNECTION_LOST";

  constructor() {
    super("The connection was lost");
  }
}

/** Thrown if a client gives up after a refusal. */
export class GivenUp extends Error {
  readonly told: Told;

  constructor(told: Told) {
    super(`Told ${told.status} ${told.code}`);
    this.told = told;
  }
}

/** Time, ledger and processes of a client. */
export interface Surroundings {
  ledger: Ledger;
  /** Returns a number above all earlier ones of the run. */
  moment: () => number;
  /** In milliseconds since the epoch. */
  now: () => number;
  /** Maximum age of what a GET finds, in milliseconds; 0 if every acknowledged write is visible. */
  lag: number;
  /** Waits for these milliseconds. */
  pause: (milliseconds: number) => Promise<void>;
  /** Adds a line to the history. */
  note: (text: string) => void;
  /** Makes a request; throws {@linkcode ConnectionLost} if its process dies before the answer. */
  connect: <T>(request: () => Promise<T>) => Promise<T>;
  /** Registry of the process that gets the next request. */
  registry: () => StoredRegistry["registry"];
}

/**
 * A client whose requests may go to several processes. It behaves as real clients do: it tries again after a 503 and
 * after a lost connection.
 */
export class Client {
  readonly #around: Surroundings;

  constructor(around: Surroundings) {
    this.#around = around;
  }

  /** The registry as the process knows it that the next request goes to. */
  get registry(): StoredRegistry["registry"] {
    return this.#around.registry();
  }

  /** Lets so many milliseconds pass. */
  pause(milliseconds: number): Promise<void> {
    return this.#around.pause(milliseconds);
  }

  /** Makes one request; throws {@linkcode ConnectionLost} if its process dies. */
  connect<T>(request: () => Promise<T>): Promise<T> {
    return this.#around.connect(request);
  }

  /** Notes something in the trace. */
  note(text: string): void {
    this.#around.note(text);
  }

  /** Makes a request, and retries after 503; calls `failed` for each attempt that may have done a part of its work. */
  async ask<T>(text: string, request: () => Promise<T>, failed: () => void = () => {}): Promise<T> {
    for (let attempt = 1;; attempt++) {
      try {
        const answer = await this.connect(request);
        this.note(`${text}: done`);
        return answer;
      } catch (error) {
        const told = toldBy(error);
        if (told === undefined) throw error;
        this.note(`${text}: ${told.status} ${told.code}`);
        if (told.status === 503) failed();
        if (told.status !== 503 || attempt === ATTEMPTS) throw new GivenUp(told);
        await this.pause(100);
      }
    }
  }

  /** Makes a request that the ledger records. */
  wish<T>(
    wish: Wish,
    text: string,
    request: () => Promise<T>,
    isDone: (answer: T) => boolean = () => true,
  ): Promise<T> {
    return this.#wishes([wish], text, request, isDone);
  }

  /** Makes one request that the ledger records as several. */
  async #wishes<T>(
    wishes: Wish[],
    text: string,
    request: () => Promise<T>,
    isDone: (answer: T) => boolean,
  ): Promise<T> {
    const { ledger, moment, now } = this.#around;
    const [start, asked] = [moment(), now()];
    const operations = wishes.map((wish) => ledger.begin(wish, start, asked));
    try {
      const answer = await this.ask(text, request, () => {
        for (const operation of operations) operation.failures++;
      });
      for (const operation of operations) operation.done = isDone(answer);
      return answer;
    } catch (error) {
      if (error instanceof GivenUp) {
        for (const operation of operations) operation.refused = error.told.code;
      }
      throw error;
    } finally {
      const [end, time] = [moment(), now()];
      for (const operation of operations) Object.assign(operation, { end, time });
    }
  }

  /** True if the repository has the blob. */
  async hasBlob(repository: RepositoryName, { digest, name }: Blob): Promise<boolean> {
    const wish = { kind: "blob" as const, repository, digest, isRead: true as const };
    const text = `HEAD ${name} in ${repository}`;
    return await this.#unlessUnknown(() =>
      this.wish(
        wish,
        text,
        () =>
          this.#read({ kind: "blob", repository, digest, isHead: true }, () =>
            this.registry.statBlob(repository, digest)),
      )
    );
  }

  /**
   * GETs of a manifest by its digest, several at the same time and several times each, after a HEAD each if `heads`; the
   * manifest may be missing.
   */
  async getManifests(
    repository: RepositoryName,
    { digest, name }: ManifestPlan,
    { heads, ...options }: { heads: boolean; times: number; pause: number; parallel: number },
  ): Promise<void> {
    const read = (isHead: boolean) =>
      this.#read(
        { kind: "manifest", repository, digest, isHead },
        () => this.registry.getManifest(repository, { digest }, { exact: isHead }),
      );
    const get = async () => {
      if (heads) await read(true);
      await read(false);
    };
    await this.#repeat(`GET ${name} in ${repository}`, get, options);
  }

  /** GETs of a blob, several at the same time and several times each, after a HEAD each if `heads`. */
  async getBlobs(
    repository: RepositoryName,
    { digest, name }: Blob,
    { heads, ...options }: { heads: boolean; times: number; pause: number; parallel: number },
  ): Promise<void> {
    const get = async () => {
      if (heads) {
        await this.#read(
          { kind: "blob", repository, digest, isHead: true },
          () => this.registry.statBlob(repository, digest),
        );
      }
      const bytes = await this.readBlob(repository, digest);
      must(digestOfBytes(bytes) === digest, `GET ${name} returned other bytes`);
    };
    await this.#repeat(`GET ${name} in ${repository}`, get, options);
  }

  /** Repeats a read of content that may be missing, several times at the same time. */
  async #repeat(
    text: string,
    read: () => Promise<unknown>,
    { times, pause, parallel }: { times: number; pause: number; parallel: number },
  ): Promise<void> {
    const loop = async () => {
      for (let time = 0; time < times; time++) {
        if (pause > 0) await this.pause(pause);
        await read().catch((error) => {
          if (toldBy(error)?.status !== 404) throw error;
        });
      }
    };
    await this.ask(text, async () => {
      const outcomes = await Promise.allSettled(Array.from({ length: parallel }, loop));
      for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
    });
  }

  /** GET of a manifest by a tag. */
  getTagged(repository: RepositoryName, tag: string): Promise<Manifest> {
    const read = () => this.registry.getManifest(repository, { tag: tag as Tag });
    return this.ask(
      `GET ${tag} of ${repository}`,
      () => this.#read({ kind: "manifest", repository, tag: tag as Tag, isHead: false }, read),
    );
  }

  /**
   * Reads content, at any process. It is found if nothing has removed it since its push was acknowledged, and not found
   * once its deletion was acknowledged. What a GET finds may be so much older as the replicas lag.
   */
  async #read<T extends { digest: Digest }>(
    { isHead, ...target }: Target & { isHead: boolean },
    read: () => Promise<T>,
  ): Promise<T> {
    const { ledger, moment, now, lag } = this.#around;
    const [start, asked] = [moment(), now()];
    const isOver = ({ end, time }: Operation) => end < start && (isHead || time + lag <= asked);
    const found = await read().catch((error) => {
      const isMissing = toldBy(error)?.status === 404;
      const isThere = isMissing && mustBeThere(ledger, target, { start, now: now() });
      must(!isThere, `404 for ${nameOf(target)}, which was acknowledged`);
      throw error;
    });
    const { kind, repository, tag } = target;
    const deletion = ledger.deletionBefore(isOver, { kind, repository, digest: found.digest });
    must(deletion === undefined, `${kind} ${found.digest} is answered in ${repository}, and was deleted`);
    if (tag !== undefined) checkTarget(ledger, { repository, tag, digest: found.digest }, isOver);
    return found;
  }

  /** A mount. Returns true if the blob was linked. */
  async mount(repository: RepositoryName, blob: Blob, from: RepositoryName | undefined): Promise<boolean> {
    const { digest, name } = blob;
    const answer = await this.wish(
      { kind: "blob", repository, digest },
      `mount ${name} from ${from ?? "anywhere"} to ${repository}`,
      () => this.registry.mountBlob(repository, UNRESTRICTED_CALLER, digest, from),
      (mounted) => mounted !== undefined,
    );
    return answer !== undefined;
  }

  /** PUT of a manifest with tags, or by its digest without any. */
  async putManifest(
    repository: RepositoryName,
    { digest, bytes, mediaType, name }: ManifestPlan,
    tags: readonly string[],
    condition: TagCondition = {},
  ): Promise<void> {
    const [first, ...rest] = tags as readonly Tag[];
    const push = {
      bytes,
      contentType: mediaType,
      reference: first === undefined ? { digest } : { tag: first },
      tags: rest,
      condition,
    };
    const wish = { kind: "manifest" as const, repository, digest, tags: tags as Tag[] };
    await this.wish(wish, `push ${name} as [${tags}] to ${repository}`, () => {
      return this.registry.putManifest(repository, UNRESTRICTED_CALLER, push);
    });
  }

  /** Background work of a process, which ends with the process. */
  async work(wish: Wish, run: () => Promise<unknown>): Promise<void> {
    const { ledger, moment, now } = this.#around;
    const operation = ledger.begin(wish, moment(), now());
    await run();
    Object.assign(operation, { done: true, end: moment(), time: now() });
  }

  /** DELETE of a manifest. Returns true if it existed. */
  deleteManifest(repository: RepositoryName, { digest, name }: ManifestPlan): Promise<boolean> {
    const wish = { kind: "delete manifest" as const, repository, digest };
    return this.#unlessUnknown(() =>
      this.wish(
        wish,
        `delete ${name} of ${repository}`,
        () => this.registry.deleteManifest(repository, digest),
      )
    );
  }

  /** DELETE of a tag. Returns true if it existed. */
  deleteTag(repository: RepositoryName, name: string): Promise<boolean> {
    const tag = name as Tag;
    const wish = { kind: "delete tag" as const, repository, tag };
    return this.#unlessUnknown(() =>
      this.wish(wish, `delete tag ${tag} of ${repository}`, () => this.registry.deleteTag(repository, tag))
    );
  }

  /** DELETE of a blob. Returns true if it existed. */
  deleteBlob(repository: RepositoryName, { digest, name }: Blob): Promise<boolean> {
    const wish = { kind: "delete blob" as const, repository, digest };
    return this.#unlessUnknown(() =>
      this.wish(wish, `delete ${name} of ${repository}`, () => this.registry.deleteBlob(repository, digest))
    );
  }

  /** DELETE of a repository with its content. Returns true if it existed. */
  deleteRepository(repository: RepositoryName): Promise<boolean> {
    const wishes: Wish[] = [
      ...MANIFESTS.map(({ digest }) => ({
        kind: "delete manifest" as const,
        repository,
        digest,
        withAll: true as const,
      })),
      ...BLOBS.map(({ digest }) => ({
        kind: "delete blob" as const,
        repository,
        digest,
        withAll: true as const,
      })),
      ...TAGS.map((tag) => ({ kind: "delete tag" as const, repository, tag: tag as Tag })),
    ];
    const request = () => this.registry.deleteRepository(repository);
    // A part may be kept for a concurrent push: the checks allow that.
    return this.#unlessUnknown(() => this.#wishes(wishes, `delete ${repository}`, request, () => true));
  }

  /** All bytes of a blob. */
  async readBlob(repository: RepositoryName, digest: Digest): Promise<Uint8Array> {
    const reader = await this.#read(
      { kind: "blob", repository, digest, isHead: false },
      () => this.registry.getBlob(repository, digest),
    );
    return new Uint8Array(await new Response(await reader.open()).arrayBuffer());
  }

  async #unlessUnknown(request: () => Promise<unknown>): Promise<boolean> {
    try {
      await request();
      return true;
    } catch (error) {
      if (error instanceof GivenUp && error.told.status === 404) return false;
      throw error;
    }
  }
}
