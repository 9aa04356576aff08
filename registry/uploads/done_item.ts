import type { Digest } from "../../oci/mod.ts";
import type { NewItem } from "../../storage/ports.ts";
import type { Candidate } from "../blobs/mod.ts";
import { type UploadAttributes, uploadItem } from "../items/mod.ts";
import type { Session } from "./upload_session.ts";

/** Item of an upload that was committed as `digest`, whose blob item names the object `named`. */
export function doneItem(
  { id, item }: Session,
  digest: Digest,
  candidate: Candidate,
  named: string,
): NewItem {
  const left = leftBy(item.attributes, candidate, named);
  const { kind, repository, principal, prefix, expiresAt, attempt } = item.attributes;
  const done: UploadAttributes = {
    kind,
    repository,
    principal,
    prefix,
    expiresAt,
    state: "done",
    digest,
    ...(attempt === undefined ? {} : { attempt }),
    ...(left === undefined ? {} : { left }),
    offset: candidate.size,
    etags: [],
    tail: [],
  };
  return uploadItem(id, done);
}

/**
 * Objects of the upload that the blob's item does not name; `undefined` if there may be more than the upload's item
 * tells. An empty blob can be committed while another request is still storing the first bytes of the upload.
 */
function leftBy(
  { unlisted, partsId, tail }: UploadAttributes,
  { object, size }: Candidate,
  named: string,
): string[] | undefined {
  if (unlisted || partsId !== undefined || size === 0) return undefined;
  const keys = new Set([...tail.map(({ key }) => key), object]);
  return [...keys].filter((key) => key !== named);
}
