import { S3Error } from "./s3_error.ts";

interface Row {
  readonly method: string;
  /** True if the path names an object or only a bucket. */
  readonly of: "bucket" | "object";
  /** Query parameters that tell the operation from others of its method. */
  readonly by?: readonly string[];
  /** Query parameters that it takes besides. */
  readonly takes?: readonly string[];
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html */
const ROWS = {
  HeadBucket: { method: "HEAD", of: "bucket" },
  CreateBucket: { method: "PUT", of: "bucket" },
  GetPublicAccessBlock: { method: "GET", of: "bucket", by: ["publicAccessBlock"] },
  PutPublicAccessBlock: { method: "PUT", of: "bucket", by: ["publicAccessBlock"] },
  GetBucketLifecycleConfiguration: { method: "GET", of: "bucket", by: ["lifecycle"] },
  PutBucketLifecycleConfiguration: { method: "PUT", of: "bucket", by: ["lifecycle"] },
  ListObjectsV2: {
    method: "GET",
    of: "bucket",
    by: ["list-type"],
    takes: ["prefix", "delimiter", "start-after", "continuation-token", "max-keys"],
  },
  ListMultipartUploads: {
    method: "GET",
    of: "bucket",
    by: ["uploads"],
    takes: ["prefix", "key-marker", "upload-id-marker", "max-uploads"],
  },
  DeleteObjects: { method: "POST", of: "bucket", by: ["delete"] },
  GetObject: {
    method: "GET",
    of: "object",
    takes: ["response-content-disposition", "response-content-type"],
  },
  HeadObject: { method: "HEAD", of: "object" },
  PutObject: { method: "PUT", of: "object" },
  DeleteObject: { method: "DELETE", of: "object" },
  CreateMultipartUpload: { method: "POST", of: "object", by: ["uploads"] },
  UploadPart: { method: "PUT", of: "object", by: ["uploadId", "partNumber"] },
  ListParts: { method: "GET", of: "object", by: ["uploadId"], takes: ["part-number-marker", "max-parts"] },
  CompleteMultipartUpload: { method: "POST", of: "object", by: ["uploadId"] },
  AbortMultipartUpload: { method: "DELETE", of: "object", by: ["uploadId"] },
} as const satisfies Record<string, Row>;

/** Operation that a request asks for, in the words of the API reference. */
export type Operation = keyof typeof ROWS;

/**
 * The operation of a request.
 *
 * @throws {S3Error} `NotImplemented` for everything that is not in the table, an unknown query parameter too.
 */
export function operationOf(request: Request, key: string, query: URLSearchParams): Operation {
  const of = key === "" ? "bucket" : "object";
  // `x-id` is how the SDK repeats the operation's name, the X-Amz-* ones are the signature.
  const names = [...query.keys()].filter((name) => name !== "x-id" && !/^x-amz-/i.test(name));
  for (const [operation, row] of Object.entries(ROWS) as [Operation, Row][]) {
    const { method, by = [], takes = [] } = row;
    if (method !== request.method || row.of !== of) continue;
    if (!by.every((name) => names.includes(name))) continue;
    if (names.every((name) => by.includes(name) || takes.includes(name))) {
      return refuseCopies(request, operation);
    }
  }
  throw new S3Error(
    "NotImplemented",
    `This server has no ${request.method} of a ${of} with "${names.join("&")}"`,
  );
}

function refuseCopies(request: Request, operation: Operation): Operation {
  if (!request.headers.has("x-amz-copy-source")) return operation;
  throw new S3Error("NotImplemented", "This server copies nothing");
}
