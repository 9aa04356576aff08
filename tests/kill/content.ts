import { createHash } from "node:crypto";
import { seeded } from "../random.ts";

/** Bytes as they are sent. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** An algorithm that content can be identified by. */
export type Algorithm = "sha256" | "sha512";

/** Some content. Its bytes are made anew each time, since a run has far more of them than memory should hold. */
export interface Content {
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  readonly bytes: () => Bytes;
}

/** A manifest and what it refers to. */
export interface ManifestContent extends Content {
  readonly mediaType: string;
  /** Digests of blobs of the same repository. */
  readonly blobs: readonly string[];
  readonly subject?: string;
}

const MIB = 1024 * 1024;

/** Noise from which every blob is cut. */
const NOISE = noise(4 * MIB);

function noise(size: number): Bytes {
  const random = seeded(size);
  const bytes = new Uint8Array(size);
  const words = new Uint32Array(bytes.buffer);
  for (let index = 0; index < words.length; index++) words[index] = random(2 ** 32);
  return bytes;
}

/** The digest of these bytes. */
export function digestOf(bytes: Bytes, algorithm: Algorithm = "sha256"): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;
}

/** A blob of so many bytes, unlike every other one with another `name` if it is long enough for it. */
export function blob(name: number, size: number, algorithm: Algorithm): Content {
  const bytes = () => {
    const content = NOISE.slice(0, size);
    content.set(new TextEncoder().encode(`${name} `).subarray(0, size));
    return content;
  };
  return { digest: digestOf(bytes(), algorithm), size, bytes };
}

/** Parts of a manifest. */
export interface ManifestOptions {
  /** Makes it unlike others of the same blobs. */
  readonly name: number;
  readonly algorithm: Algorithm;
  readonly config: Content;
  readonly layers: readonly Content[];
  readonly subject?: ManifestContent;
  /** Bytes of an annotation that makes the manifest large. */
  readonly padding: number;
}

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";

/** An image manifest. */
export function manifest(
  { name, algorithm, config, layers, subject, padding }: ManifestOptions,
): ManifestContent {
  const describe = (mediaType: string, { digest, size }: Content) => ({ mediaType, digest, size });
  const text = (filler: string) =>
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MANIFEST,
      artifactType: "application/vnd.example.test",
      config: describe("application/vnd.oci.image.config.v1+json", config),
      layers: layers.map((layer) => describe("application/vnd.oci.image.layer.v1.tar", layer)),
      ...(subject === undefined ? {} : { subject: describe(subject.mediaType, subject) }),
      annotations: { name: `${name}`, filler },
    });
  const bytes = () => new TextEncoder().encode(text("x".repeat(padding)));
  const content = bytes();
  return {
    digest: digestOf(content, algorithm),
    size: content.length,
    bytes,
    mediaType: MANIFEST,
    blobs: [config, ...layers].map(({ digest }) => digest),
    ...(subject === undefined ? {} : { subject: subject.digest }),
  };
}
