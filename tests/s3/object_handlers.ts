import { createHash } from "node:crypto";
import { joined } from "./body.ts";
import { type Call, checkConditions, needRoom, pageSize, xmlResponse } from "./call.ts";
import { byUtf8, type StoredObject } from "./bucket.ts";
import { strikes } from "./quirks.ts";
import { S3Error } from "./s3_error.ts";
import { children, childText, parseRoot, s3Document } from "./xml.ts";

/** Maximum keys of one DeleteObjects. */
const MOST_KEYS = 1000;

export function putObject(call: Call): Response {
  needRoom(call.quirks);
  checkConditions(call);
  const etag = `"${createHash("md5").update(call.bytes).digest("hex")}"`;
  call.bucket.objects.set(call.key, {
    pieces: [call.bucket.keeper.keep(call.bytes)],
    size: call.bytes.length,
    etag,
    contentType: call.headers.get("content-type") ?? "binary/octet-stream",
    modified: new Date(),
  });
  return new Response(null, { headers: { etag } });
}

export function headObject(call: Call): Response {
  const { object, headers, status, start, end } = selected(call);
  headers["content-length"] = `${end - start}`;
  return new Response(null, { status, headers: { ...headers, etag: object.etag } });
}

export function getObject(call: Call): Response {
  const { object, headers, status, start, end } = selected(call);
  const pieces = between(object, start, end);
  headers["content-length"] = `${end - start}`;
  for (const name of ["content-disposition", "content-type"]) {
    const value = call.query.get(`response-${name}`);
    if (value !== null) headers[name] = value;
  }
  const body = strikes(call.quirks, "cutBodies") ? cut(joined([...pieces])) : ReadableStream.from(pieces);
  return new Response(body, { status, headers });
}

/** The bytes of an object from `start` to before `end`. */
function* between({ pieces }: StoredObject, start: number, end: number): Generator<Uint8Array<ArrayBuffer>> {
  let position = 0;
  for (const piece of pieces) {
    const [first, last] = [Math.max(0, start - position), Math.min(piece.length, end - position)];
    position += piece.length;
    if (first < last) yield piece.subarray(first, last);
  }
}

/** The object that is asked for, and the bytes of it from `start` to before `end`. */
function selected(call: Call) {
  const object = existing(call);
  const { size } = object;
  const headers: Record<string, string> = {
    etag: object.etag,
    "content-type": object.contentType,
    "last-modified": object.modified.toUTCString(),
    "accept-ranges": "bytes",
  };
  const ifRange = call.headers.get("if-range");
  const range = ifRange === null || ifRange === object.etag
    ? parseRange(call.headers.get("range"), size)
    : undefined;
  if (range === undefined) return { object, headers, status: 200, start: 0, end: size };
  const [start, end] = range;
  headers["content-range"] = `bytes ${start}-${end - 1}/${size}`;
  return { object, headers, status: 206, start, end };
}

function existing(call: Call): StoredObject {
  const object = call.bucket.objects.get(call.key);
  if (object === undefined) throw new S3Error("NoSuchKey", "The specified key does not exist.");
  return object;
}

/** The first byte and the one after the last (RFC 9110 §14.1.2); S3 ignores what is no single range of bytes. */
function parseRange(header: string | null, size: number): [start: number, end: number] | undefined {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header ?? "") ?? [];
  if (first === undefined || last === undefined || first + last === "") return undefined;
  if (first !== "" && last !== "" && Number(last) < Number(first)) return undefined;
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size : Math.min(Number(last) + 1, size);
  if (start < size) return [start, end];
  throw new S3Error("InvalidRange", "The requested range is not satisfiable", {
    "content-range": `bytes */${size}`,
  });
}

/** The first half, and then a broken connection. */
function cut(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
  let sent = false;
  return new ReadableStream({
    pull(controller) {
      if (sent) return controller.error("The body is cut here on request"); // text, as Deno prints it
      sent = true;
      controller.enqueue(bytes.subarray(0, Math.ceil(bytes.length / 2)));
    },
  });
}

export function deleteObject(call: Call): Response {
  call.bucket.objects.delete(call.key);
  return new Response(null, { status: 204 });
}

export function deleteObjects(call: Call): Response {
  const root = parseRoot(new TextDecoder().decode(call.bytes), "Delete");
  const keys = root && children(root, "Object").map((object) => childText(object, "Key"));
  if (!keys?.length || keys.length > MOST_KEYS || keys.includes(undefined)) {
    throw new S3Error("MalformedXML", "The XML you provided was not well-formed or did not validate");
  }
  if (strikes(call.quirks, "errorIn200")) {
    return xmlResponse(s3Document("DeleteResult", {
      Error: keys.map((Key) => ({
        Key: Key!,
        Code: "InternalError",
        Message: "We encountered an internal error.",
      })),
    }));
  }
  for (const key of keys) call.bucket.objects.delete(key!);
  const quiet = childText(root!, "Quiet") === "true";
  return xmlResponse(
    s3Document("DeleteResult", { Deleted: quiet ? [] : keys.map((Key) => ({ Key: Key! })) }),
  );
}

export function listObjects(call: Call): Response {
  const { query, bucket } = call;
  if (query.get("list-type") !== "2") {
    throw new S3Error("NotImplemented", "This server lists by version 2 only");
  }
  const limit = pageSize(query, "max-keys");
  const prefix = query.get("prefix") ?? "";
  const token = query.get("continuation-token");
  const after = token === null ? query.get("start-after") ?? "" : fromToken(token);
  const delimiter = query.get("delimiter") ?? "";
  const isRolledUp = (name: string) => delimiter !== "" && name.indexOf(delimiter, prefix.length) !== -1;
  const keys = namesUnder(prefix, delimiter, bucket.objects.keys())
    .filter((key) => byUtf8(key, after) > 0)
    .sort(byUtf8);
  const page = keys.slice(0, limit);
  const truncated = limit > 0 && keys.length > limit;
  return xmlResponse(s3Document("ListBucketResult", {
    Name: call.bucketName,
    Prefix: prefix,
    KeyCount: page.length,
    MaxKeys: limit,
    IsTruncated: truncated,
    ContinuationToken: token ?? undefined,
    NextContinuationToken: truncated ? toToken(page.at(-1)!) : undefined,
    StartAfter: query.get("start-after") ?? undefined,
    CommonPrefixes: page.filter(isRolledUp).map((Prefix) => ({ Prefix })),
    Contents: page.filter((name) => !isRolledUp(name)).map((key) => {
      const { size, etag, modified } = bucket.objects.get(key)!;
      return {
        Key: key,
        LastModified: modified.toISOString(),
        ETag: etag,
        Size: size,
        StorageClass: "STANDARD",
      };
    }),
  }));
}

/**
 * Keys with the prefix. With a delimiter, those that have it after the prefix are rolled up to common prefixes,
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html.
 */
function namesUnder(prefix: string, delimiter: string, keys: Iterable<string>): string[] {
  const names = new Set<string>();
  for (const key of keys) {
    if (!key.startsWith(prefix)) continue;
    const end = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
    names.add(end === -1 ? key : key.slice(0, end + delimiter.length));
  }
  return [...names];
}

function toToken(key: string): string {
  return new TextEncoder().encode(key).toBase64();
}

function fromToken(token: string): string {
  try {
    return new TextDecoder().decode(Uint8Array.fromBase64(token));
  } catch {
    throw new S3Error("InvalidArgument", "The continuation token provided is incorrect");
  }
}
