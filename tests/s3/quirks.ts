/** Ways in which a store differs from AWS, or has a bad day. All may be switched at any time. */
export interface Quirks {
  /** All parts but the last one have to be of the same size, as on R2. */
  equalParts: boolean;
  /** Takes any bytes, whatever `x-amz-content-sha256` says. */
  ignoresContentHash: boolean;
  /** Takes `If-Match` and `If-None-Match` for nothing. */
  ignoresConditions: boolean;
  /**
   * Number of next CompleteMultipartUpload and DeleteObjects that do nothing and report an error in an answer of 200.
   */
  errorIn200: number;
  /** A completed upload is not known any more. Otherwise completing it again answers as before. */
  noSuchUploadOnSecondComplete: boolean;
  /** Number of next requests that are answered 503. */
  slowDown: number;
  /** Number of next bodies of GetObject that break off in the middle. */
  cutBodies: number;
  /** Milliseconds before the answer to each GetObject, as from a distant region. */
  readDelay: number;
  /** Whatever would store bytes is answered 507. */
  storageFull: boolean;
}

/** The switches of a server that behaves as AWS does. */
export function noQuirks(): Quirks {
  return {
    equalParts: false,
    ignoresContentHash: false,
    ignoresConditions: false,
    errorIn200: 0,
    noSuchUploadOnSecondComplete: false,
    slowDown: 0,
    cutBodies: 0,
    readDelay: 0,
    storageFull: false,
  };
}

/** True if a quirk that is counted strikes now; if so, it does so once less from here on. */
export function strikes(quirks: Quirks, name: "errorIn200" | "slowDown" | "cutBodies"): boolean {
  if (quirks[name] === 0) return false;
  quirks[name]--;
  return true;
}
