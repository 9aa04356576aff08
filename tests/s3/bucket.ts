/** An object as it was put. */
export interface StoredObject {
  /** Its bytes: those of each part, in their order. */
  readonly pieces: readonly Piece[];
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
  readonly bytes: Piece;
  /** In quotes. */
  readonly etag: string;
  readonly modified: Date;
}

/** Bytes that were put, in memory or in a file. */
export interface Piece {
  /** Number of bytes. */
  readonly length: number;
  /** The bytes from `start` to before `end`. */
  subarray(start: number, end: number): Uint8Array<ArrayBuffer>;
}

/** Place of a bucket's content. */
export interface Keeper {
  readonly objects: Map<string, StoredObject>;
  readonly uploads: Map<string, Upload>;
  /** Parts of a new upload, by number. */
  partsOf(uploadId: string): Map<number, StoredPart>;
  /** Stores bytes. */
  keep(bytes: Uint8Array<ArrayBuffer>): Piece;
  close(): void;
}

/** Keeps all in memory. */
export function inMemory(): Keeper {
  return {
    objects: new Map(),
    uploads: new Map(),
    partsOf: () => new Map(),
    keep: (bytes) => bytes,
    close() {},
  };
}

/** All that is in a bucket. */
export class Bucket {
  readonly keeper: Keeper;
  readonly objects: Map<string, StoredObject>;
  /** By upload id. */
  readonly uploads: Map<string, Upload>;
  /** Result of each completed upload, by upload id. */
  readonly completed = new Map<string, { readonly key: string; readonly etag: string }>();
  /** The documents of the bucket's configuration, as they were put. */
  readonly configuration = new Map<"publicAccessBlock" | "lifecycle", string>();

  /** Has its content in memory by default. */
  constructor(keeper: Keeper = inMemory()) {
    this.keeper = keeper;
    this.objects = keeper.objects;
    this.uploads = keeper.uploads;
  }
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
