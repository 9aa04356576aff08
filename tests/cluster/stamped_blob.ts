import { type Content, digestOf } from "../kill/content.ts";
import { seeded } from "../random.ts";

/** Bytes between two stamps that identify the content, so that no part of one blob equals a part of another. */
const STAMP_INTERVAL_BYTES = 4096;

/** Bytes between the stamps. */
const NOISE = noise(64 * 1024);

/** A blob of any size that differs from those of other seeds and names in every few kilobytes of it. */
export function stampedBlob(seed: number, name: number, size: number): Content {
  const bytes = () => {
    const content = new Uint8Array(size);
    for (let at = 0; at < size; at += NOISE.length) content.set(NOISE.subarray(0, size - at), at);
    const stamp = new Uint8Array(12);
    const view = new DataView(stamp.buffer);
    view.setUint32(0, seed);
    view.setUint32(4, name);
    for (let at = 0; at + stamp.length <= size; at += STAMP_INTERVAL_BYTES) {
      view.setUint32(8, at);
      content.set(stamp, at);
    }
    return content;
  };
  return { digest: digestOf(bytes()), size, bytes };
}

function noise(size: number): Uint8Array {
  const random = seeded(size);
  return Uint8Array.from({ length: size }, () => random(256));
}
