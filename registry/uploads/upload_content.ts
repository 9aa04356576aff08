import type { Part } from "../../storage/ports.ts";
import { unpackEtags, type UploadContent } from "../items/mod.ts";

/** Content of an upload, without the other attributes of its item. */
export function contentOf(
  { offset, object, partsId, etags, lastPart, tail, hash }: UploadContent,
): UploadContent {
  return {
    offset,
    etags,
    tail,
    ...(object === undefined ? {} : { object }),
    ...(partsId === undefined ? {} : { partsId }),
    ...(lastPart === undefined ? {} : { lastPart }),
    ...(hash === undefined ? {} : { hash }),
  };
}

/** The stored parts of an upload, in order. All have `partSize` bytes except the last part of the blob. */
export function storedParts({ etags, lastPart }: UploadContent, partSize: number): Part[] {
  const parts = unpackEtags(etags).map((etag, index) => ({ number: index + 1, size: partSize, etag }));
  return lastPart === undefined ? parts : [...parts, { number: parts.length + 1, ...lastPart }];
}
