import { type Digest, RegistryError, type RepositoryName, type Tag } from "../../oci/mod.ts";
import {
  type Caller,
  type Manifest,
  type Registry,
  UNRESTRICTED_CALLER,
  type UploadBody,
} from "../../registry/mod.ts";
import { pause } from "../../storage/ports.ts";

/** Account of the import in the history of tags. No account has such a name. */
const IMPORTER: Caller = { ...UNRESTRICTED_CALLER, name: "import" };

/** Attempts of a call that the registry refuses with 503, and the pause before the second, which doubles. */
const ATTEMPTS = 8;
const FIRST_PAUSE_MS = 200;

/** Milliseconds without a byte of the source after which an upload fails. */
const IDLE_TIMEOUT_MS = 120_000;

/** Outcome of setting a tag. */
export type TagOutcome = "set" | "present" | "kept";

/** Registry that gets the content, through the interface that serves clients: it may serve them meanwhile. */
export class Destination {
  readonly #registry: Registry;

  /** Destination over a registry. */
  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** True if the repository has the manifest, and so everything that it references. */
  async hasManifest(repository: RepositoryName, digest: Digest): Promise<boolean> {
    const manifest = await unlessUnknown(() => this.#registry.getManifest(repository, { digest }));
    return manifest !== undefined;
  }

  /** Bytes and media type of a manifest. */
  async manifest(repository: RepositoryName, digest: Digest): Promise<Manifest> {
    return await patiently(() => this.#registry.getManifest(repository, { digest }));
  }

  /** True if the repository has the blob. Garbage collection then keeps it for the rest of the grace period. */
  async hasBlob(repository: RepositoryName, digest: Digest): Promise<boolean> {
    return await unlessUnknown(() => this.#registry.statBlob(repository, digest)) !== undefined;
  }

  /** Links the blob if another repository has it. */
  async linkBlob(repository: RepositoryName, digest: Digest): Promise<boolean> {
    const found = await patiently(() => this.#registry.mountBlob(repository, IMPORTER, digest, undefined));
    return found !== undefined;
  }

  /** Pushes a blob. `open` is called for each attempt. */
  async pushBlob(
    repository: RepositoryName,
    digest: Digest,
    { size: length, open }: { size: number; open: () => UploadBody["stream"] },
  ): Promise<void> {
    await patiently(async () => {
      const body = { stream: open(), idle: IDLE_TIMEOUT_MS, length };
      await this.#registry.putBlob(repository, IMPORTER.name, digest, body);
    });
  }

  /** Pushes a manifest without tags. */
  async pushManifest(
    repository: RepositoryName,
    digest: Digest,
    { bytes, mediaType: contentType }: Pick<Manifest, "bytes"> & { mediaType: string | undefined },
  ): Promise<void> {
    await patiently(() =>
      this.#registry.putManifest(repository, IMPORTER, {
        bytes,
        contentType,
        reference: { digest },
        tags: [],
        condition: {},
      })
    );
  }

  /**
   * Points a tag to a manifest that the repository has. A tag that anyone but an import has moved last is newer than
   * the source, and stays.
   */
  async setTag(repository: RepositoryName, tag: Tag, digest: Digest): Promise<TagOutcome> {
    for (let attempts = 0;; attempts++) {
      const current = await unlessUnknown(() => this.#registry.resolveTag(repository, tag));
      if (current === digest) return "present";
      if (current !== undefined) {
        const [last] = await unlessUnknown(() => this.#registry.getTagHistory(repository, tag)) ?? [];
        if (last !== undefined && last.by !== IMPORTER.name) return "kept";
      }
      const { bytes, mediaType: contentType } = await this.manifest(repository, digest);
      // Of a tag that a client moves at this moment, the client's move stays.
      const condition = current === undefined ? { ifNoneMatch: "*" as const } : { ifMatch: [current] };
      try {
        await patiently(() =>
          this.#registry.putManifest(repository, IMPORTER, {
            bytes,
            contentType,
            reference: { digest },
            tags: [tag],
            condition,
          })
        );
        return "set";
      } catch (error) {
        if (!(error instanceof RegistryError) || error.status !== 412 || attempts === ATTEMPTS) throw error;
      }
    }
  }
}

/** Result of a read; `undefined` if the content does not exist. */
async function unlessUnknown<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await patiently(read);
  } catch (error) {
    if (error instanceof RegistryError && error.status === 404) return undefined;
    throw error;
  }
}

/** Repeats a call while the registry is busy. */
async function patiently<T>(call: () => Promise<T>): Promise<T> {
  for (let attempt = 1;; attempt++) {
    try {
      return await call();
    } catch (error) {
      const isBusy = error instanceof RegistryError && (error.status === 503 || error.status === 429);
      if (!isBusy || attempt === ATTEMPTS) throw error;
      await pause(FIRST_PAUSE_MS * 2 ** (attempt - 1) * (0.5 + Math.random()));
    }
  }
}
