import { type Digest, isDigest, type RepositoryName } from "../oci/mod.ts";
import type { Explorer } from "../registry/interface.ts";
import { RecentMap } from "../storage/bounded_map.ts";
import { type FoundPackage, isSbomType, MAX_CONTENT_BYTES, packagesOf, statementIn } from "./contents/mod.ts";
import type { Library, ReadManifest } from "./library.ts";
import { attestedBy } from "./manifest_document.ts";
import type { SearchHit } from "./schemas/mod.ts";
import { jsonIn } from "./texts.ts";
import { digestIn, member, objectOf } from "./values.ts";

/** SBOMs that one page reads. */
const MAX_READS = 10;

/** Tags and referrers of a repository whose SBOMs are searched. */
const MAX_TAGS = 100;
const MAX_REFERRERS = 200;

/** Packages of SBOMs in memory: about 100 bytes each. */
const MAX_CACHED_PACKAGES = 200_000;

/** Results of one SBOM. */
const MAX_HITS_OF_ONE = 10;

/** Manifest that may have an SBOM, and the manifest that this is about. */
interface Candidate {
  digest: Digest;
  subject: string;
  tag?: string;
}

/** SBOMs that a page may still read. */
interface Budget {
  left: number;
}

/** Finds packages in the SBOMs of a repository: those that refer to a manifest, and those of BuildKit in an index. */
export class PackageSearch {
  readonly #explorer: Explorer;
  readonly #library: Library;
  /** Packages by repository and manifest of the SBOM. */
  readonly #known = new RecentMap<string, FoundPackage[]>(4096);
  #packages = 0;

  /** Nothing is known yet. */
  constructor(explorer: Explorer, library: Library) {
    this.#explorer = explorer;
    this.#library = library;
  }

  /** SBOMs that one page may read. */
  budget(): Budget {
    return { left: MAX_READS };
  }

  /**
   * Packages with this name, or with a package URL that begins with it. Three requests for the candidates, and for each
   * SBOM that is not in memory one batch and two requests. Answers `offset` if the budget did not reach the end.
   */
  async search(
    repository: RepositoryName,
    name: string,
    version: string | undefined,
    offset: number,
    budget: Budget,
  ): Promise<{ hits: SearchHit[]; skipped: number; offset?: number }> {
    const { candidates, isPartial } = await this.#candidates(repository);
    const hits: SearchHit[] = [];
    const skipped = isPartial ? 1 : 0;
    for (const [i, candidate] of candidates.entries()) {
      if (i < offset) continue;
      const packages = this.#known.get(`${repository}@${candidate.digest}`) ??
        (budget.left-- > 0 ? await this.#read(repository, candidate.digest) : undefined);
      if (packages === undefined) return { hits, skipped, offset: i };
      const matches = packages.filter((found) => matchesPackage(found, name, version));
      hits.push(
        ...matches.slice(0, MAX_HITS_OF_ONE).map((found): SearchHit => ({
          place: "package",
          name: repository,
          digest: candidate.subject,
          field: found.name,
          ...member("text", found.version),
          ...member("tag", candidate.tag),
        })),
      );
    }
    return { hits, skipped };
  }

  async #candidates(repository: RepositoryName): Promise<{ candidates: Candidate[]; isPartial: boolean }> {
    const [referrers, tags] = await Promise.all([
      this.#explorer.referrers(repository, { limit: MAX_REFERRERS + 1 }),
      this.#explorer.tags(repository, { limit: MAX_TAGS + 1 }),
    ]);
    const tagOf = new Map<string, string>(tags.slice(0, MAX_TAGS).map(({ digest, tag }) => [digest, tag]));
    const known = await this.#library.known(repository, tags.slice(0, MAX_TAGS).map(({ digest }) => digest));
    const attached = referrers.slice(0, MAX_REFERRERS)
      .filter(({ artifactType }) => artifactType === undefined || isSbomType(artifactType))
      .map(({ digest, subject }): Candidate => ({ digest, subject, ...member("tag", tagOf.get(subject)) }));
    const own = [...known].flatMap(([digest, { kind, children }]): Candidate[] => {
      const tag = tagOf.get(digest)!;
      if (kind === "spdx" || kind === "cyclonedx" || kind === "attestation") {
        return [{ digest, subject: digest, tag }];
      }
      return children.flatMap((child) => {
        const [attestation, subject] = [digestIn(child.digest), attestedBy(child)];
        return attestation === undefined || subject === undefined
          ? []
          : [{ digest: attestation, subject, tag }];
      });
    });
    const candidates = new Map([...attached, ...own].map((candidate) => [candidate.digest, candidate]));
    return {
      candidates: [...candidates.values()],
      isPartial: referrers.length > MAX_REFERRERS || tags.length > MAX_TAGS,
    };
  }

  /** Packages of the SBOMs in the blobs of a manifest. */
  async #read(repository: RepositoryName, digest: Digest): Promise<FoundPackage[]> {
    const manifest = await this.#library.manifest(repository, digest);
    const blobs = manifest === undefined ? [] : sbomBlobs(manifest);
    const packages: FoundPackage[] = [];
    for (const blob of blobs) {
      const content = await this.#library.blob(repository, blob, MAX_CONTENT_BYTES);
      if ("problem" in content) continue;
      const document = objectOf(jsonIn(content.bytes));
      packages.push(...packagesOf(statementIn(document)?.predicate ?? document));
    }
    this.#keep(`${repository}@${digest}`, packages);
    return packages;
  }

  #keep(key: string, packages: FoundPackage[]): void {
    if (packages.length > MAX_CACHED_PACKAGES / 4) return;
    this.#packages += packages.length - (this.#known.get(key)?.length ?? 0);
    this.#known.set(key, packages);
    for (const [oldest, { length }] of this.#known) {
      if (this.#packages <= MAX_CACHED_PACKAGES) break;
      this.#known.delete(oldest);
      this.#packages -= length;
    }
  }
}

/** Blobs of a manifest that may have an SBOM: of BuildKit's statements only those that say so. */
function sbomBlobs({ document: { layers } }: ReadManifest): string[] {
  return layers.filter(({ mediaType, annotations, digest }) => {
    const predicate = annotations["in-toto.io/predicate-type"];
    return isDigest(digest) &&
      (predicate === undefined ? isSbomType(mediaType) : /spdx|cyclonedx/.test(predicate));
  }).slice(0, 2).map(({ digest }) => digest);
}

function matchesPackage(found: FoundPackage, name: string, version: string | undefined): boolean {
  if (version !== undefined && found.version !== version) return false;
  if (name.startsWith("pkg:")) return found.purl?.startsWith(name) ?? false;
  return found.name.toLowerCase() === name.toLowerCase();
}
