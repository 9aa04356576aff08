import { Dice } from "../fuzz/dice.ts";
import { type Content, manifest, type ManifestContent } from "../kill/content.ts";
import { stampedBlob } from "./stamped_blob.ts";

/** An image to be pushed, and where. */
export interface ImagePlan {
  readonly repository: string;
  /** No other image of the repository has it. */
  readonly tag: string;
  /** True if the tag `latest`, which all images of the repository share, is to be moved to it. */
  readonly latest: boolean;
  /** True if it is to be deleted again once it is there. */
  readonly deleted: boolean;
  readonly config: Content;
  readonly layers: readonly Content[];
  readonly manifest: ManifestContent;
}

const KIB = 1024;
const MIB = 1024 * KIB;

/** Sizes of the layers that many images have, as base images are: most are small, some have several parts. */
const SHARED_SIZES = [
  ...[1, 2, 7, 30, 64, 100, 150, 200, 256, 300].map((size) => size * KIB),
  ...[1 * MIB, 2 * MIB - 1, 3 * MIB + 17, 5 * MIB, 11 * MIB + 3, 20 * MIB - 5],
];

/** The images that a run pushes; another seed makes others. */
export function planImages(seed: number, count: number, repositories: number): ImagePlan[] {
  let name = 0;
  const shared = SHARED_SIZES.map((size) => stampedBlob(seed, name++, size));
  return Array.from({ length: count }, (_, index) => {
    const dice = new Dice(seed, index);
    const config = stampedBlob(seed, name++, 300 + dice.below(3 * KIB));
    const layers = Array.from({ length: 1 + dice.below(3) }, () => {
      return dice.chance(45) ? dice.pick(shared) : stampedBlob(seed, name++, layerSize(dice));
    });
    const distinct = [...new Set(layers)];
    const latest = dice.chance(20);
    return {
      repository: `chaos/r${index % repositories}`,
      tag: `v${index}`,
      latest,
      deleted: !latest && index % 8 === 0,
      config,
      layers: distinct,
      manifest: manifest({
        name: index,
        algorithm: "sha256",
        config,
        layers: distinct,
        padding: dice.below(500),
      }),
    };
  });
}

function layerSize(dice: Dice): number {
  const kind = dice.below(100);
  if (kind < 70) return KIB + dice.below(63 * KIB);
  if (kind < 95) return 64 * KIB + dice.below(448 * KIB);
  if (kind < 99) return MIB + dice.below(5 * MIB);
  return 6 * MIB + dice.below(14 * MIB);
}
