import { type Call, type Handler, xmlResponse } from "./call.ts";
import { S3Error, type S3ErrorCode } from "./s3_error.ts";
import { childText, parseRoot } from "./xml.ts";

type Document = "publicAccessBlock" | "lifecycle";

const ROOTS: Record<Document, string> = {
  publicAccessBlock: "PublicAccessBlockConfiguration",
  lifecycle: "LifecycleConfiguration",
};

const ABSENT: Record<Document, S3ErrorCode> = {
  publicAccessBlock: "NoSuchPublicAccessBlockConfiguration",
  lifecycle: "NoSuchLifecycleConfiguration",
};

/** Answers a document of the bucket's configuration as it was put. */
export function getConfiguration(name: Document): Handler {
  return function getConfiguration({ bucket }) {
    const document = bucket.configuration.get(name);
    if (document === undefined) throw new S3Error(ABSENT[name], "The bucket has no such configuration");
    return xmlResponse(document);
  };
}

/** Keeps a document of the bucket's configuration; what is in it is not looked at. */
export function putConfiguration(name: Document): Handler {
  return function putConfiguration({ bucket, bytes }) {
    const document = new TextDecoder().decode(bytes);
    if (parseRoot(document, ROOTS[name]) === undefined) {
      throw new S3Error("MalformedXML", "The XML you provided was not well-formed or did not validate");
    }
    bucket.configuration.set(name, document);
    return new Response(null);
  };
}

/** Says that the bucket is there: a call has one. */
export function headBucket(region: string): Handler {
  return function headBucket() {
    return new Response(null, { headers: { "x-amz-bucket-region": region } });
  };
}

/**
 * Refuses a bucket for another region than the server's. The first region of all is named by naming none,
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucketConfiguration.html.
 */
export function checkLocation({ bytes }: Pick<Call, "bytes">, region: string): void {
  const root = parseRoot(new TextDecoder().decode(bytes), "CreateBucketConfiguration");
  const wanted = root && childText(root, "LocationConstraint");
  if (wanted === (region === "us-east-1" ? undefined : region)) return;
  throw new S3Error(
    "IllegalLocationConstraintException",
    `The ${wanted ?? "unspecified"} location constraint is incompatible with the endpoint's region`,
  );
}
