import { createHash } from "node:crypto";
import { byUtf8, type StoredPart, type Upload } from "./bucket.ts";
import { type Call, checkConditions, needRoom, pageSize, xmlResponse } from "./call.ts";
import { strikes } from "./quirks.ts";
import { S3Error } from "./s3_error.ts";
import { children, childText, element, parseRoot, s3Document, xmlDocument } from "./xml.ts";

/** The highest number of a part. */
const MAX_PART_NUMBER = 10_000;

export function createMultipartUpload(call: Call): Response {
  const id = crypto.randomUUID().replaceAll("-", "");
  call.bucket.uploads.set(id, {
    id,
    key: call.key,
    contentType: call.headers.get("content-type") ?? "binary/octet-stream",
    initiated: new Date(),
    parts: call.bucket.keeper.partsOf(id),
  });
  return xmlResponse(s3Document("InitiateMultipartUploadResult", {
    Bucket: call.bucketName,
    Key: call.key,
    UploadId: id,
  }));
}

export function uploadPart(call: Call): Response {
  const number = Number(call.query.get("partNumber"));
  if (!Number.isInteger(number) || number < 1 || number > MAX_PART_NUMBER) {
    throw new S3Error(
      "InvalidArgument",
      `Part number must be an integer between 1 and ${MAX_PART_NUMBER}, inclusive`,
    );
  }
  const upload = existing(call);
  needRoom(call.quirks);
  const etag = `"${createHash("md5").update(call.bytes).digest("hex")}"`;
  // Parts like the first one share its memory, so an object of many gigabytes can be made of them.
  const [first] = upload.parts.values();
  const bytes = first?.etag === etag ? first.bytes : call.bucket.keeper.keep(call.bytes);
  upload.parts.set(number, { bytes, etag, modified: new Date() });
  return new Response(null, { headers: { etag } });
}

export function listParts(call: Call): Response {
  const upload = existing(call);
  const limit = pageSize(call.query, "max-parts");
  const after = Number(call.query.get("part-number-marker") ?? "0");
  const parts = [...upload.parts].filter(([number]) => number > after).sort(([a], [b]) => a - b);
  const page = parts.slice(0, limit);
  const truncated = limit > 0 && parts.length > limit;
  return xmlResponse(s3Document("ListPartsResult", {
    Bucket: call.bucketName,
    Key: call.key,
    UploadId: upload.id,
    PartNumberMarker: after,
    NextPartNumberMarker: truncated ? page.at(-1)![0] : undefined,
    MaxParts: limit,
    IsTruncated: truncated,
    Part: page.map(([number, { bytes, etag, modified }]) => ({
      PartNumber: number,
      LastModified: modified.toISOString(),
      ETag: etag,
      Size: bytes.length,
    })),
  }));
}

export function completeMultipartUpload(call: Call): Response {
  const { bucket, key, quirks } = call;
  const id = call.query.get("uploadId")!;
  const done = bucket.completed.get(id);
  if (done?.key === key && !quirks.noSuchUploadOnSecondComplete) return completed(call, done.etag);

  const upload = existing(call);
  const parts = chosenParts(call, upload);
  checkSizes(call, parts);
  needRoom(quirks);
  checkConditions(call);
  if (strikes(quirks, "errorIn200")) {
    // The spaces are what S3 sends to keep the connection while it works; by then its status is out.
    const error = element("Error", { Code: "InternalError", Message: "We encountered an internal error." });
    return xmlResponse(xmlDocument(`   \n${error}`));
  }
  const md5 = createHash("md5");
  for (const { etag } of parts) md5.update(etag.slice(1, -1), "hex");
  const etag = `"${md5.digest("hex")}-${parts.length}"`;
  bucket.objects.set(key, {
    pieces: parts.map(({ bytes }) => bytes),
    size: parts.reduce((sum, { bytes }) => sum + bytes.length, 0),
    etag,
    contentType: upload.contentType,
    modified: new Date(),
  });
  bucket.uploads.delete(id);
  bucket.completed.set(id, { key, etag });
  return completed(call, etag);
}

function completed({ bucketName, key }: Call, etag: string): Response {
  return xmlResponse(
    s3Document("CompleteMultipartUploadResult", { Bucket: bucketName, Key: key, ETag: etag }),
  );
}

/** The parts that the body of a completion names. */
function chosenParts(call: Call, upload: Upload): StoredPart[] {
  const root = parseRoot(new TextDecoder().decode(call.bytes), "CompleteMultipartUpload");
  const named = root && children(root, "Part").map((part) => ({
    number: Number(childText(part, "PartNumber")),
    etag: (childText(part, "ETag") ?? "").replaceAll('"', ""),
  }));
  if (!named?.length) {
    throw new S3Error("MalformedXML", "The XML you provided was not well-formed or did not validate");
  }
  if (named.some(({ number }, i) => i > 0 && !(number > named[i - 1]!.number))) {
    throw new S3Error("InvalidPartOrder", "The list of parts was not in ascending order.");
  }
  return named.map(({ number, etag }) => {
    const part = upload.parts.get(number);
    if (part?.etag === `"${etag}"`) return part;
    throw new S3Error("InvalidPart", `Part ${number} could not be found, or its entity tag is another`);
  });
}

function checkSizes({ minPartSize, quirks }: Call, parts: StoredPart[]): void {
  const [size, ...sizes] = parts.slice(0, -1).map(({ bytes }) => bytes.length);
  if (size === undefined) return; // one part may be of any size
  if (Math.min(size, ...sizes) < minPartSize) {
    throw new S3Error(
      "EntityTooSmall",
      "Your proposed upload is smaller than the minimum allowed object size.",
    );
  }
  if (!quirks.equalParts) return;
  if (sizes.some((other) => other !== size) || parts.at(-1)!.bytes.length > size) {
    throw new S3Error("InvalidPart", "All non-trailing parts must have the same length.");
  }
}

export function abortMultipartUpload(call: Call): Response {
  call.bucket.uploads.delete(existing(call).id);
  return new Response(null, { status: 204 });
}

export function listMultipartUploads(call: Call): Response {
  const { query, bucket } = call;
  const limit = pageSize(query, "max-uploads");
  const prefix = query.get("prefix") ?? "";
  const [keyMarker, idMarker] = [query.get("key-marker") ?? "", query.get("upload-id-marker")];
  // Those of one key come in the order in which they began, so the ones after the id marker are those behind it.
  const sorted = [...bucket.uploads.values()]
    .filter(({ key }) => key.startsWith(prefix) && byUtf8(key, keyMarker) >= (idMarker === null ? 1 : 0))
    .sort((a, b) => byUtf8(a.key, b.key));
  const marked = idMarker === null
    ? -1
    : sorted.findIndex(({ key, id }) => key === keyMarker && id === idMarker);
  const uploads = sorted.slice(marked + 1);
  const page = uploads.slice(0, limit);
  const truncated = limit > 0 && uploads.length > limit;
  return xmlResponse(s3Document("ListMultipartUploadsResult", {
    Bucket: call.bucketName,
    Prefix: prefix,
    KeyMarker: keyMarker,
    UploadIdMarker: idMarker ?? "",
    NextKeyMarker: truncated ? page.at(-1)!.key : undefined,
    NextUploadIdMarker: truncated ? page.at(-1)!.id : undefined,
    MaxUploads: limit,
    IsTruncated: truncated,
    Upload: page.map(({ id, key, initiated }) => ({
      Key: key,
      UploadId: id,
      Initiated: initiated.toISOString(),
    })),
  }));
}

function existing(call: Call): Upload {
  const upload = call.bucket.uploads.get(call.query.get("uploadId")!);
  if (upload?.key === call.key) return upload;
  throw new S3Error(
    "NoSuchUpload",
    "The specified multipart upload does not exist; it may have been aborted or completed.",
  );
}
