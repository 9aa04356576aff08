/** An object as it was put. */
export interface StoredObject {
  /** Its bytes: those of each part, in their order. */
  readonly pieces: readonly Uint8Array<ArrayBuffer>[];
  /** Number of bytes. */
  readonly size: number;
  /** In quotes, as it stands in the header. */
  readonly etag: string;
  readonly contentType: string;
  readonly modified: Date;
}

/** A multipart upload that is neither completed nor aborted. */
export interface Upload {
  readonly id: string;
  readonly key: string;
  readonly contentType: string;
  readonly initiated: Date;
  /** By number. */
  readonly parts: Map<number, StoredPart>;
}

/** A part of an {@linkcode Upload}. */
export interface StoredPart {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** In quotes. */
  readonly etag: string;
  readonly modified: Date;
}

/** All that is in a bucket. */
export class Bucket {
  readonly objects = new Map<string, StoredObject>();
  /** By upload id. */
  readonly uploads = new Map<string, Upload>();
  /** Result of each completed upload, by upload id. */
  readonly completed = new Map<string, { readonly key: string; readonly etag: string }>();
  /** The documents of the bucket's configuration, as they were put. */
  readonly configuration = new Map<"publicAccessBlock" | "lifecycle", string>();
}

const encoder = new TextEncoder();

/** Orders keys as S3 lists them: by their UTF-8 bytes, which differs from the order of strings above U+FFFF. */
export function byUtf8(a: string, b: string): number {
  const [left, right] = [encoder.encode(a), encoder.encode(b)];
  for (let i = 0; i < left.length && i < right.length; i++) {
    if (left[i] !== right[i]) return left[i]! - right[i]!;
  }
  return left.length - right.length;
}
