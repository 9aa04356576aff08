import { createCipheriv, createHash } from "node:crypto";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { packTar } from "npm:modern-tar@0.8.6";
import { type Bytes, digestOfBytes } from "./content.ts";

/** Compression of the tar archive of a layer: the suffix of the media type of a layer in image-spec. */
export type Compression = "" | "+gzip" | "+zstd";

/** A layer before it is described. */
export interface Layer {
  /** As it is stored and pushed. */
  bytes: Bytes;
  /** The digest of the tar archive itself (image-spec, config.md, `diff_ids`). */
  diffId: string;
  compression: Compression;
}

/** Contents by path; the folders on the way are made too. */
export type Files = Record<string, string | Bytes>;

/** A layer that puts these files in place. The same files always make the same bytes. */
export async function layerOf(
  files: Files,
  compression: Compression = "+gzip",
  mode = 0o644,
): Promise<Layer> {
  const tar = await packTar(tarEntries(files, mode));
  return { bytes: compress(tar, compression), diffId: digestOfBytes(tar), compression };
}

/** `length` bytes that no compressor makes smaller; the same for the same seed. */
export function noise(seed: string, length: number): Bytes {
  const key = createHash("sha256").update(seed).digest();
  const cipher = createCipheriv("aes-256-ctr", key, new Uint8Array(16));
  const bytes = new Uint8Array(cipher.update(new Uint8Array(length)));
  cipher.final();
  return bytes;
}

function tarEntries(files: Files, mode: number) {
  const folders = new Set<string>();
  for (const path of Object.keys(files)) {
    for (let slash = path.indexOf("/"); slash > 0; slash = path.indexOf("/", slash + 1)) {
      folders.add(path.slice(0, slash + 1));
    }
  }
  const common = { mtime: new Date(0), uid: 0, gid: 0 };
  const made = [...folders].map((name) => ({
    header: { ...common, name, type: "directory" as const, mode: 0o755, size: 0 },
  }));
  const filled = Object.entries(files).map(([name, content]) => {
    const body = typeof content === "string" ? new TextEncoder().encode(content) : content;
    return { header: { ...common, name, type: "file" as const, mode, size: body.length }, body };
  });
  return [...made, ...filled];
}

function compress(tar: Uint8Array, compression: Compression): Bytes {
  if (compression === "+gzip") return new Uint8Array(gzipSync(tar));
  if (compression === "+zstd") return new Uint8Array(zstdCompressSync(tar));
  return new Uint8Array(tar);
}
