import { createHash } from "node:crypto";
import {
  algorithmOf,
  type Digest,
  isDigest,
  isManifestMediaType,
  RegistryError,
  type RepositoryName,
} from "../../oci/mod.ts";
import { type ManifestReference, type ParsedManifest, parsePushedManifest } from "../../oci/manifest.ts";
import { BlobImport, type BlobPlaces } from "./blob_import.ts";
import { forEachParallel } from "./flow.ts";
import { readFile } from "./read_file.ts";
import type { Finding, ReportFinding } from "./source_registry.ts";
import { DamageError } from "./source_tree.ts";

/** References of one manifest that are brought at the same time. */
const PARALLEL_REFERENCES = 4;

/** Deepest nesting of indexes. Clients know one level. */
const MAX_DEPTH = 32;

/** Source, destination and limits of an import of manifests. */
export interface ManifestPlaces extends BlobPlaces {
  /** Takes each part that is not imported. */
  found: ReportFinding;
  /** Largest manifest in bytes. */
  maxManifestSize: number;
  /** True if the registry accepts manifests whose references are missing. */
  isSparse: boolean;
}

/** A manifest that is to be brought. */
interface WantedManifest {
  digest: Digest;
  mediaType: string | undefined;
  /** Number of indexes above it. */
  depth: number;
}

/** A manifest that has been read and verified. */
interface ReadManifest {
  bytes: Uint8Array<ArrayBuffer>;
  parsed: ParsedManifest;
}

/** Manifests of one repository that are brought with all that they reference. Each is brought once. */
export class ManifestImport {
  readonly #places: ManifestPlaces;
  readonly #blobs: BlobImport;
  readonly #repository: RepositoryName;
  readonly #brought = new Map<Digest, Promise<boolean>>();

  /** Import into a repository. */
  constructor(places: ManifestPlaces, blobs: BlobImport, repository: RepositoryName) {
    this.#places = places;
    this.#blobs = blobs;
    this.#repository = repository;
  }

  /** Forgets the manifests that were brought. Those that were lost are remembered, so that each is reported once. */
  async forget(): Promise<void> {
    for (const [digest, brought] of this.#brought) if (await brought) this.#brought.delete(digest);
  }

  /** Brings a manifest. Answers true if the destination has it now, and reports the reason otherwise. */
  bring(digest: Digest, mediaType: string | undefined, depth = 0): Promise<boolean> {
    let brought = this.#brought.get(digest);
    if (brought === undefined) {
      brought = this.#bring({ digest, mediaType, depth });
      this.#brought.set(digest, brought);
    }
    return brought;
  }

  async #bring(wanted: WantedManifest): Promise<boolean> {
    const { destination, report } = this.#places;
    const { digest } = wanted;
    if (await destination.hasManifest(this.#repository, digest)) {
      report.presentManifests++;
      return true;
    }
    try {
      const read = await this.#read(wanted);
      const isComplete = await this.#bringReferences(wanted, read.parsed);
      if (!isComplete && !this.#places.isSparse) return false;
      const { mediaType } = read.parsed;
      await destination.pushManifest(this.#repository, digest, { bytes: read.bytes, mediaType });
      report.manifests++;
      return true;
    } catch (error) {
      if (!(error instanceof DamageError || error instanceof RegistryError)) throw error;
      this.#lost({ kind: "manifest", digest, note: error.message });
      return false;
    }
  }

  /** Reads and verifies a manifest: from the first place that has the right bytes. */
  async #read({ digest, mediaType, depth }: WantedManifest): Promise<ReadManifest> {
    const { source, tree, maxManifestSize } = this.#places;
    if (depth > MAX_DEPTH) throw new DamageError(`is below more than ${MAX_DEPTH} indexes`);
    let failure: DamageError | undefined;
    for await (const path of source.places(this.#repository, digest)) {
      try {
        const bytes = await readFile(tree, path, maxManifestSize);
        if (bytes === undefined || bytes.length === 0) continue;
        const hex = createHash(algorithmOf(digest)).update(bytes).digest("hex");
        if (!digest.endsWith(`:${hex}`)) throw new DamageError("does not match its digest");
        return { bytes, parsed: parse(bytes, mediaType) };
      } catch (error) {
        if (!(error instanceof DamageError)) throw error;
        failure ??= error;
      }
    }
    throw failure ?? new DamageError("is missing");
  }

  /** Brings all references. Answers true if the destination has all that are required. */
  async #bringReferences(manifest: WantedManifest, { references }: ParsedManifest): Promise<boolean> {
    let isComplete = true;
    const lost = (required: boolean) => isComplete &&= !required;
    const blobs: (ManifestReference & { digest: Digest })[] = [];
    await forEachParallel(references, PARALLEL_REFERENCES, async (reference) => {
      const { digest, mediaType, kind, required } = reference;
      if (!isDigest(digest)) {
        if (required) this.#lostBlob(manifest, digest, "has a digest of an unknown algorithm");
        return void lost(required);
      }
      if (kind === "blob" || !isManifestMediaType(mediaType)) {
        return void blobs.push({ ...reference, digest });
      }
      if (!await this.bring(digest, mediaType, manifest.depth + 1)) lost(required);
    });
    const wanted = await this.#lookUp(manifest, blobs, lost);
    // Nothing is pushed for an image that cannot be complete.
    if (!isComplete && !this.#places.isSparse) return false;
    await forEachParallel(wanted, PARALLEL_REFERENCES, async ({ required, ...blob }) => {
      try {
        await this.#blobs.bring(this.#repository, blob);
      } catch (error) {
        if (!(error instanceof DamageError || error instanceof RegistryError)) throw error;
        this.#lostBlob(manifest, blob.digest, error.message);
        lost(required);
      }
    });
    return isComplete;
  }

  /** Blobs that the destination's repository lacks, and that the source seems to have. */
  async #lookUp(
    manifest: WantedManifest,
    blobs: (ManifestReference & { digest: Digest })[],
    lost: (required: boolean) => void,
  ) {
    const { destination } = this.#places;
    const found: { digest: Digest; size: number; isSuspect: boolean; required: boolean }[] = [];
    // An import pushes an image's config together with its layers. If only the config exists, a layer has failed.
    let hasFirst = false;
    await forEachParallel(blobs, PARALLEL_REFERENCES, async ({ digest, size, required }) => {
      if (await destination.hasBlob(this.#repository, digest)) {
        hasFirst ||= digest === blobs[0]?.digest;
        return;
      }
      const problem = await this.#blobs.problemWith(this.#repository, digest);
      if (problem === undefined || await destination.linkBlob(this.#repository, digest)) {
        found.push({ digest, size, isSuspect: false, required });
        return;
      }
      // Clients do not push layers that are stored elsewhere, so their absence is no damage.
      if (required) this.#lostBlob(manifest, digest, problem);
      lost(required);
    });
    return found.map((blob) => ({ ...blob, isSuspect: hasFirst }));
  }

  #lostBlob({ digest: manifest }: WantedManifest, digest: string, note: string): void {
    this.#lost({ kind: "blob", digest, manifest, note });
  }

  #lost(finding: Omit<Finding, "repository">): void {
    this.#places.found({ ...finding, repository: this.#repository });
  }
}

/**
 * Parses a manifest. The document's own media type wins: clients of the source see it, whatever the type in an index
 * above it.
 */
function parse(bytes: Uint8Array, mediaType: string | undefined): ParsedManifest {
  try {
    return parsePushedManifest(bytes, mediaType);
  } catch (error) {
    if (mediaType === undefined) throw error;
    return parsePushedManifest(bytes, undefined);
  }
}
