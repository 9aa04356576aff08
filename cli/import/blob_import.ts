import { createHash } from "node:crypto";
import { algorithmOf, type Digest, RegistryError, type RepositoryName } from "../../oci/mod.ts";
import type { ByteStream } from "../../registry/mod.ts";
import type { Destination } from "./destination.ts";
import { OneAtATime, Slots } from "./flow.ts";
import type { ImportReport } from "./import_report.ts";
import { openFile, type SourceFile, wholeOf } from "./read_file.ts";
import type { SourceRegistry } from "./source_registry.ts";
import { DamageError, type SourceTree } from "./source_tree.ts";

/** Largest blob in bytes that is held in memory, and hashed before its push. */
const MAX_HELD_BYTES = 1024 * 1024;

/** Blobs that are pushed at the same time. */
const PARALLEL_BLOBS = 8;

/** A blob as a manifest describes it. */
export interface WantedBlob {
  /** Its digest. */
  digest: Digest;
  /** Bytes, according to the manifest. */
  size: number;
  /** True if an earlier import has probably failed at this blob. */
  isSuspect: boolean;
}

/** Source and destination of an import. */
export interface BlobPlaces {
  /** Files of the source. */
  tree: SourceTree;
  /** Format of the source. */
  source: SourceRegistry;
  /** Registry that gets the content. */
  destination: Destination;
  /** Counts. */
  report: ImportReport;
}

/** Pushes blobs. A digest is pushed once at a time, so that every other repository gets a link to it. */
export class BlobImport {
  readonly #places: BlobPlaces;
  readonly #digests = new OneAtATime();
  readonly #slots = new Slots(PARALLEL_BLOBS);

  /** Import of blobs from a source. */
  constructor(places: BlobPlaces) {
    this.#places = places;
  }

  /** Reason why the source does not have a blob, found without reading it; `undefined` if it may have it. */
  async problemWith(repository: RepositoryName, digest: Digest): Promise<string | undefined> {
    let problem = "is missing";
    for await (const _ of this.#files(repository, digest, (note) => problem = note)) return undefined;
    return problem;
  }

  /**
   * Brings a blob to the repository.
   *
   * @throws {DamageError} if the source does not have its bytes.
   * @throws {RegistryError} if the registry refuses it.
   */
  async bring(repository: RepositoryName, blob: WantedBlob): Promise<void> {
    const { destination, report } = this.#places;
    await this.#digests.run(blob.digest, () =>
      this.#slots.use(async () => {
        if (await destination.hasBlob(repository, blob.digest)) return;
        if (await destination.linkBlob(repository, blob.digest)) {
          report.linkedBlobs++;
          return;
        }
        await this.#push(repository, blob);
      }));
  }

  /** Pushes the bytes of the first place that has the right ones. */
  async #push(repository: RepositoryName, blob: WantedBlob): Promise<void> {
    let failure: DamageError | undefined;
    for await (const { path, size } of this.#files(repository, blob.digest)) {
      try {
        await this.#pushFile(repository, blob, { path, size });
        this.#places.report.blobs++;
        return;
      } catch (error) {
        if (!(error instanceof DamageError)) throw error;
        failure ??= error;
      }
    }
    throw failure ?? new DamageError("is missing");
  }

  async #pushFile(
    repository: RepositoryName,
    { digest, size: expected, isSuspect }: WantedBlob,
    { path, size }: { path: string; size: number },
  ): Promise<void> {
    const { tree, destination } = this.#places;
    const opened = async () => {
      const file = await openFile(tree, path);
      if (file === undefined) throw new DamageError("is missing");
      return file;
    };
    if (size <= MAX_HELD_BYTES) {
      const bytes = await wholeOf(await opened());
      assertDigest(digest, createHash(algorithmOf(digest)).update(bytes).digest("hex"), { size, expected });
      return await destination.pushBlob(repository, digest, {
        size,
        open: () => this.#counted(ReadableStream.from([bytes])),
      });
    }
    // Bytes that are wrong are known before the upload begins, so that a repeated import writes nothing.
    if (isSuspect || size !== expected) {
      assertDigest(digest, await hashOf(digest, await opened()), { size, expected });
    }
    let failure: unknown;
    const open = () =>
      this.#counted(ReadableStream.from(async function* () {
        try {
          // The registry may still use a chunk while it asks for the next.
          for await (const chunk of (await opened()).chunks) yield chunk.slice();
        } catch (error) {
          failure = error;
          throw error;
        }
      }()));
    try {
      await destination.pushBlob(repository, digest, { size, open });
    } catch (error) {
      if (failure !== undefined) throw failure;
      if (error instanceof RegistryError && error.code === "DIGEST_INVALID") {
        throw mismatch({ size, expected });
      }
      throw error;
    }
  }

  #counted(stream: ByteStream): ByteStream {
    const { report } = this.#places;
    return stream.pipeThrough(
      new TransformStream({
        transform(chunk, controller) {
          report.bytes += chunk.length;
          controller.enqueue(chunk);
        },
      }),
    );
  }

  /** Files that may have the bytes. An empty one is zot's placeholder, unless the digest is that of nothing. */
  async *#files(
    repository: RepositoryName,
    digest: Digest,
    passedOver: (note: string) => void = () => {},
  ): AsyncGenerator<{ path: string; size: number }> {
    const { source, tree } = this.#places;
    const empty = `${algorithmOf(digest)}:${createHash(algorithmOf(digest)).digest("hex")}`;
    for await (const path of source.places(repository, digest)) {
      try {
        const size = await tree.size(path);
        if (size !== undefined && (size > 0 || digest === empty)) yield { path, size };
        else if (size === 0) passedOver("is empty");
      } catch (error) {
        if (!(error instanceof DamageError)) throw error;
        passedOver(error.message);
      }
    }
  }
}

async function hashOf(digest: Digest, { chunks }: SourceFile): Promise<string> {
  const hash = createHash(algorithmOf(digest));
  for await (const chunk of chunks) hash.update(chunk);
  return hash.digest("hex");
}

interface Sizes {
  size: number;
  expected: number;
}

function assertDigest(digest: Digest, hex: string, sizes: Sizes): void {
  if (!digest.endsWith(`:${hex}`)) throw mismatch(sizes);
}

function mismatch({ size, expected }: Sizes): DamageError {
  return new DamageError(
    size === expected
      ? "does not match its digest"
      : `has ${size} bytes instead of ${expected}, and does not match its digest`,
  );
}
