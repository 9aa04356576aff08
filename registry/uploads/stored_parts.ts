import type { Part } from "../../storage/ports.ts";
import { unpackEtags, type UploadContent } from "../items/mod.ts";

/** The stored parts of an upload, in order. All have `partSize` bytes except the last part of the blob. */
export function storedParts({ etags, lastPart }: UploadContent, partSize: number): Part[] {
  const parts = unpackEtags(etags).map((etag, index) => ({ number: index + 1, size: partSize, etag }));
  return lastPart === undefined ? parts : [...parts, { number: parts.length + 1, ...lastPart }];
}
