import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { FetchHttpHandler } from "@smithy/fetch-http-handler";
import { SignatureV4 } from "@smithy/signature-v4";
import { createHash, createHmac, type Hash, type Hmac } from "node:crypto";
import type { S3Server } from "./mod.ts";

/** A client of the SDK that makes every request once. */
export function clientOf(s3: S3Server): S3Client {
  return new S3Client({
    endpoint: s3.endpoint,
    region: s3.region,
    credentials: s3.credentials,
    forcePathStyle: true,
    maxAttempts: 1,
    requestHandler: new FetchHttpHandler(),
  });
}

const UNSIGNED = { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" };

/** Request of {@linkcode send}. */
export interface PlainRequest {
  readonly method: string;
  /** In the server's own bucket; empty for the bucket itself. */
  readonly key?: string;
  readonly query?: Record<string, string>;
  readonly headers?: Record<string, string>;
  readonly body?: BodyInit;
}

/**
 * Sends a request with a signature in its header, `UNSIGNED-PAYLOAD` unless its headers say otherwise. The answer is
 * read to its end, so a caller may look only at its status.
 */
export async function send(s3: S3Server, request: PlainRequest): Promise<Response> {
  const headers = { host: hostOf(s3), ...UNSIGNED, ...request.headers };
  const signed = await signer(s3).sign({ ...unsigned(s3, request), headers });
  return await buffered(
    await fetch(urlOf(s3, request), {
      method: request.method,
      headers: signed.headers,
      body: request.body ?? null,
    }),
  );
}

/** The answer with all of its body in memory. */
export async function buffered(response: Response): Promise<Response> {
  const bytes = await response.bytes();
  return new Response(response.status === 204 ? null : bytes, response);
}

/** A URL that carries its own signature. */
export async function presign(
  s3: S3Server,
  request: PlainRequest,
  options: { expiresIn: number; signingDate?: Date },
): Promise<URL> {
  const signed = await signer(s3).presign(
    { ...unsigned(s3, request), headers: { host: hostOf(s3), ...UNSIGNED } },
    options,
  );
  const url = urlOf(s3, request);
  for (const [name, value] of Object.entries(signed.query ?? {})) url.searchParams.set(name, `${value}`);
  return url;
}

/** The error code of an answer, which is read to its end. */
export async function codeOf(response: Response): Promise<string> {
  return /<Code>(\w+)<\/Code>/.exec(await response.text())?.[1] ?? `no error but ${response.status}`;
}

/** The text of an object. */
export async function textOf(s3: S3Server, key: string): Promise<string> {
  const { Body } = await clientOf(s3).send(new GetObjectCommand({ Bucket: s3.bucket, Key: key }));
  return await Body!.transformToString();
}

/** A SHA-256 as it stands in `x-amz-content-sha256`. */
export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function urlOf(s3: S3Server, { key = "", query = {} }: PlainRequest): URL {
  return new URL(`${s3.endpoint}/${s3.bucket}/${key}?${new URLSearchParams(query)}`);
}

function hostOf(s3: S3Server): string {
  return new URL(s3.endpoint).host;
}

function unsigned(s3: S3Server, { method, key = "", query = {} }: PlainRequest) {
  return { method, protocol: "http:", hostname: hostOf(s3), path: `/${s3.bucket}/${key}`, query };
}

function signer({ credentials, region }: S3Server): SignatureV4 {
  return new SignatureV4({ credentials, region, service: "s3", sha256: Sha256, uriEscapePath: false });
}

/** The hash that the signer asks for. */
class Sha256 {
  readonly #hash: Hash | Hmac;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash("sha256") : createHmac("sha256", toBytes(secret));
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(toBytes(data));
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(new Uint8Array(this.#hash.digest()));
  }

  reset(): void {
    throw new Error("Cannot reset a hash: the signer never does");
  }
}

function toBytes(data: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof data === "string") return new TextEncoder().encode(data);
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}
