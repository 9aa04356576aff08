import { element, xmlDocument } from "./xml.ts";

/** Codes and statuses, https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html. */
const STATUS = {
  AccessDenied: 403,
  AuthorizationHeaderMalformed: 400,
  AuthorizationQueryParametersError: 400,
  BadDigest: 400,
  BucketAlreadyOwnedByYou: 409,
  EntityTooSmall: 400,
  IllegalLocationConstraintException: 400,
  IncompleteBody: 400,
  InternalError: 500,
  InvalidAccessKeyId: 403,
  InvalidArgument: 400,
  InvalidPart: 400,
  InvalidPartOrder: 400,
  InvalidRange: 416,
  InvalidRequest: 400,
  InvalidURI: 400,
  MalformedXML: 400,
  MissingContentLength: 411,
  NoSuchBucket: 404,
  NoSuchKey: 404,
  NoSuchLifecycleConfiguration: 404,
  NoSuchPublicAccessBlockConfiguration: 404,
  NoSuchUpload: 404,
  NotImplemented: 501,
  PreconditionFailed: 412,
  RequestTimeTooSkewed: 403,
  SignatureDoesNotMatch: 403,
  SlowDown: 503,
  XAmzContentSHA256Mismatch: 400,
  XMinioStorageFull: 507, // AWS has no disk to fill, so there is no code of its own
} as const;

/** Code of an S3 error. */
export type S3ErrorCode = keyof typeof STATUS;

/** Thrown by every operation for what its caller did wrong, and answered as XML. */
export class S3Error extends Error {
  override readonly name = "S3Error";

  constructor(readonly code: S3ErrorCode, message: string, readonly headers: Record<string, string> = {}) {
    super(message);
  }

  get status(): number {
    return STATUS[this.code];
  }

  /** The error document. */
  toXml(resource: string): string {
    return xmlDocument(element("Error", {
      Code: this.code,
      Message: this.message,
      Resource: resource,
      RequestId: crypto.randomUUID(),
    }));
  }
}
