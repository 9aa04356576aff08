/**
 * The least that can stand between a client and a bucket of S3, `BUCKET_URL`:
 *
 * - `GET /object/<n>` hands on the object of a signed URL: the one at this place of `OBJECT_URLS`, a list in JSON.
 * - `PUT /single?digest=` hands on the body under a signature that holds its digest.
 * - `/views64k-fetch` and others hash the body and upload it in parts of `PART_SIZE`; the path names how it is read and sent.
 *
 * @module
 */

import { CompleteMultipartUploadCommand, CreateMultipartUploadCommand } from "@aws-sdk/client-s3";
import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import * as http from "node:http";
import { type SignedRequest, Signer } from "../../../storage/objects/s3/mod.ts";
import { CREDENTIALS, REGION, s3Client } from "../../services/mod.ts";

type Body = ReadableStream<Uint8Array<ArrayBuffer>>;

const KIB = 1024;
const PART_BYTES = Number(Deno.env.get("PART_BYTES"));

/** Most parts that are on their way at the same time. */
const MAX_PARTS_IN_FLIGHT = 4;

const urls: string[] = JSON.parse(Deno.env.get("OBJECT_URLS") ?? "[]");
const bucketUrl = new URL(Deno.env.get("BUCKET_URL")!);
const client = s3Client(bucketUrl.origin);
const signer = new Signer({
  region: REGION,
  credentials: () => Promise.resolve(CREDENTIALS),
  url: bucketUrl,
});

/** Ways to read a body into parts of `PART_SIZE`, the last one shorter. */
const READERS: Record<string, (body: Body) => AsyncIterable<Uint8Array<ArrayBuffer>>> = {
  "views64k": (body) => readViews(body, 64 * KIB),
  // In Deno 2.9.6 a chunked body piles up in memory if reads are larger than its chunks.
  "views8k": (body) => readViews(body, 8 * KIB + 16),
};

/** Sends a part and answers its mark. */
type Send = (request: SignedRequest, body: Uint8Array<ArrayBuffer>) => Promise<string>;

const SENDERS: Record<string, Send> = { "fetch": sendByFetch, "node": sendByNode };

Deno.serve(
  { hostname: Deno.env.get("HOST")!, port: Number(Deno.env.get("PORT")), onListen() {} },
  async (request) => {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname.startsWith("/object/")) return await handOut(urls[Number(pathname.slice(8))]!);
    if (pathname === "/single") return await handOn(request, searchParams.get("digest")!);
    const [reader, sender] = pathname.slice(1).split("-");
    const [read, send] = [READERS[reader ?? ""], SENDERS[sender ?? ""]];
    if (read === undefined || send === undefined) return new Response();
    return new Response(await uploadParts(read(request.body!), send));
  },
);

async function handOut(url: string): Promise<Response> {
  const { body, headers } = await fetch(url);
  return new Response(body, { headers: { "Content-Length": headers.get("Content-Length")! } });
}

async function handOn({ body }: Request, digest: string): Promise<Response> {
  const sha256 = digest.slice("sha256:".length);
  const { url, headers } = await signer.write(randomUUID(), {}, { sha256 });
  const { status, body: answer } = await fetch(url, { method: "PUT", headers, body });
  await answer?.cancel();
  return new Response(null, { status });
}

/** Hashes the parts and uploads them, a few at the same time; answers the digest. */
async function uploadParts(parts: AsyncIterable<Uint8Array<ArrayBuffer>>, send: Send): Promise<string> {
  const hash = createHash("sha256");
  const at = { Bucket: bucketUrl.pathname.slice(1), Key: randomUUID() };
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(at));
  const sendPart = async (PartNumber: number, part: Uint8Array<ArrayBuffer>) => {
    const query = { partNumber: `${PartNumber}`, uploadId: UploadId! };
    return { PartNumber, ETag: await send(await signer.write(at.Key, query), part) };
  };
  const sent: ReturnType<typeof sendPart>[] = [];
  for await (const part of parts) {
    hash.update(part);
    await sent.at(-MAX_PARTS_IN_FLIGHT);
    sent.push(sendPart(sent.length + 1, part));
  }
  const Parts = await Promise.all(sent);
  await client.send(new CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload: { Parts } }));
  return hash.digest("hex");
}

async function sendByFetch(
  { url, headers }: SignedRequest,
  body: Uint8Array<ArrayBuffer>,
): Promise<string> {
  const response = await fetch(url, { method: "PUT", headers, body });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`Cannot store a part: ${response.status}`);
  return response.headers.get("ETag")!;
}

async function sendByNode({ url, headers }: SignedRequest, body: Uint8Array<ArrayBuffer>): Promise<string> {
  const request = http.request(url, {
    method: "PUT",
    headers: { ...headers, "content-length": body.length },
  });
  request.end(body);
  const [response] = await once(request, "response") as [http.IncomingMessage];
  await response.toArray();
  if (response.statusCode !== 200) throw new Error(`Cannot store a part: ${response.statusCode}`);
  return response.headers.etag!;
}

/** Reads into the part itself, at most `view` bytes at a time. */
async function* readViews(body: Body, view: number): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const reader = body.getReader({ mode: "byob" });
  let buffer = new ArrayBuffer(PART_BYTES);
  let filled = 0;
  for (;;) {
    const { done, value } = await reader.read(
      new Uint8Array(buffer, filled, Math.min(view, PART_BYTES - filled)),
    );
    if (value !== undefined) buffer = value.buffer;
    if (done) break;
    filled += value.length;
    if (filled < PART_BYTES) continue;
    yield new Uint8Array(buffer);
    buffer = new ArrayBuffer(PART_BYTES);
    filled = 0;
  }
  if (filled > 0) yield new Uint8Array(buffer, 0, filled);
}
