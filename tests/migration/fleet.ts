import { content, digest, IMAGE, imageOf, INDEX, indexOf, utf8 } from "../harness/stores.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** A manifest with its tags, in the order of the pushes: children first. */
export interface FleetManifest {
  readonly bytes: Bytes;
  readonly mediaType: string;
  readonly tags: readonly string[];
  /** True if a push by its digest would be lost: an index has it, and the format lists only the index. */
  readonly isChild?: boolean;
}

/** Content of a repository. */
export interface FleetRepository {
  readonly blobs: readonly Bytes[];
  readonly manifests: readonly FleetManifest[];
}

/** Content of a registry, by the names of its repositories. */
export type Fleet = ReadonlyMap<string, FleetRepository>;

/** Options of {@linkcode fleetOf}. */
export interface FleetOptions {
  /** Images with a tag. */
  readonly images: number;
  /** Bytes of a layer that no other image has. */
  readonly layerBytes?: number;
}

const IMAGES_OF_REPOSITORY = 10;
const SHARED_LAYERS = 7;

/** Media type of a signature's config. */
const SIGNATURE = "application/vnd.example.signature.v1+json";

/**
 * Images in repositories of ten: with two layers, one of them shared with other repositories. Each repository also has a
 * multi-architecture index over its first two images, whose children have no other tag, a referrer of its third image by
 * `subject`, and the referrers' fallback tag of its fourth.
 */
export function fleetOf({ images, layerBytes = 2000 }: FleetOptions): Fleet {
  const shared = Array.from({ length: SHARED_LAYERS }, (_, i) => content(5000 + i, 100 + i));
  const fleet = new Map<string, FleetRepository>();
  for (let first = 0; first < images; first += IMAGES_OF_REPOSITORY) {
    const number = first / IMAGES_OF_REPOSITORY;
    const name = number % 3 === 0
      ? `app-${number}`
      : number % 3 === 1
      ? `team/app_${number}`
      : `team/app/x.${number}`;
    const count = Math.min(IMAGES_OF_REPOSITORY, images - first);
    fleet.set(name, repositoryOf(first, count, shared, layerBytes));
  }
  return fleet;
}

function repositoryOf(first: number, count: number, shared: Bytes[], layerBytes: number): FleetRepository {
  const blobs: Bytes[] = [];
  const manifests: FleetManifest[] = [];
  for (let at = 0; at < count; at++) {
    const number = first + at;
    const layers = [
      shared[number % shared.length]!,
      utf8(`layer ${number} `.padEnd(layerBytes, `${number}.`)),
    ];
    const config = utf8(JSON.stringify({ architecture: "amd64", os: "linux", number }));
    blobs.push(config, ...layers);
    const bytes = imageOf(config, layers);
    const isChild = at < 2;
    manifests.push({
      bytes,
      mediaType: IMAGE,
      tags: isChild ? [] : [`v${at}`, ...at === 9 ? ["latest"] : []],
      isChild,
    });
  }
  const image = (at: number) => manifests[at]!.bytes;
  if (count >= 2) manifests.push({ bytes: indexOf([image(0), image(1)]), mediaType: INDEX, tags: ["multi"] });
  const empty = utf8(JSON.stringify({ kind: "signature", first }));
  const signature = (at: number, more: Record<string, unknown>) => {
    const payload = utf8(`signature of ${first + at}`);
    blobs.push(empty, payload);
    return imageOf(empty, [payload], { artifactType: SIGNATURE, ...more });
  };
  if (count >= 3) {
    const subject = { mediaType: IMAGE, digest: digest(image(2)), size: image(2).length };
    manifests.push({ bytes: signature(2, { subject }), mediaType: IMAGE, tags: [] });
  }
  if (count >= 4) {
    const attached = signature(3, {});
    manifests.push({ bytes: attached, mediaType: IMAGE, tags: [], isChild: true });
    const tag = digest(image(3)).replace(":", "-");
    manifests.push({ bytes: indexOf([attached]), mediaType: INDEX, tags: [tag] });
  }
  return { blobs, manifests };
}

/** All tags of a fleet, as `repository:tag`, with their digests. */
export function tagsOf(fleet: Fleet): Map<string, string> {
  const tags = [...fleet].flatMap(([name, { manifests }]) =>
    manifests.flatMap((manifest) =>
      manifest.tags.map((tag): [string, string] => [`${name}:${tag}`, digest(manifest.bytes)])
    )
  );
  return new Map(tags);
}
