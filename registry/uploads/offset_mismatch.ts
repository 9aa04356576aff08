import { RegistryError } from "../../oci/mod.ts";
import type { UploadStatus } from "../registry.ts";

/**
 * Thrown for a chunk that does not begin at the upload's offset; distribution-spec §"Pushing a blob in chunks" requires
 * 416.
 */
export class OffsetMismatch extends RegistryError {
  /** Real state of the upload, from which the client resumes. */
  readonly upload: UploadStatus;

  /** The error for a chunk that does not fit on `upload`. */
  constructor(upload: UploadStatus) {
    super("BLOB_UPLOAD_INVALID", `Cannot append the chunk: the upload is at byte ${upload.offset}`, {
      status: 416,
    });
    this.upload = upload;
  }
}
