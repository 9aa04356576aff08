import { CREDENTIALS } from "../harness/credentials.ts";
import { pause } from "../../storage/ports.ts";
import { readBody } from "./body.ts";
import { Bucket, inMemory } from "./bucket.ts";
import { inFolder } from "./folder.ts";
import { checkLocation, getConfiguration, headBucket, putConfiguration } from "./bucket_handlers.ts";
import type { Handler } from "./call.ts";
import {
  abortMultipartUpload,
  completeMultipartUpload,
  createMultipartUpload,
  listMultipartUploads,
  listParts,
  uploadPart,
} from "./multipart_handlers.ts";
import {
  deleteObject,
  deleteObjects,
  getObject,
  headObject,
  listObjects,
  putObject,
} from "./object_handlers.ts";
import { type Operation, operationOf } from "./operation.ts";
import { noQuirks, type Quirks, strikes } from "./quirks.ts";
import { S3Error } from "./s3_error.ts";
import { checkSignature, contentHash, type Credentials } from "./signature.ts";

/** Options of {@linkcode startS3}. */
export interface S3ServerOptions {
  /** The bucket that is there from the start, "skerry" by default; CreateBucket makes more. */
  readonly bucket?: string;
  /** "us-east-1" by default. */
  readonly region?: string;
  /** By default those that all tests use. */
  readonly credentials?: Credentials;
  /** Bytes of the smallest part but the last one, 5 MiB by default as on AWS. */
  readonly minPartSize?: number;
  /** Quirks that are on from the start. */
  readonly quirks?: Partial<Quirks>;
  /** Folder of the content of {@linkcode bucket}, which stays; in memory by default. */
  readonly folder?: string;
}

/** A request that was made, whatever came of it. */
export interface LogEntry {
  readonly operation: Operation;
  /** Empty where it was about the bucket. */
  readonly key: string;
  /** Bytes of the body, as announced. */
  readonly bytes: number;
}

/** A running server. Disposing of it breaks what is under way and forgets what it holds in memory. */
export interface S3Server extends AsyncDisposable {
  /** `http://127.0.0.1:port`, for path style. */
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  readonly credentials: Credentials;
  /** To be switched at will. */
  readonly quirks: Quirks;
  /** Number of requests of each operation, including failed ones. */
  readonly requests: Readonly<Partial<Record<Operation, number>>>;
  /** Those requests one by one. */
  readonly log: readonly LogEntry[];
  /** Forgets {@linkcode requests} and {@linkcode log}; the objects and the quirks stay. */
  reset(): void;
}

/** Starts a server on a free port of the loopback interface. Its objects are in memory and go with it, unless it has a folder. */
export function startS3(options: S3ServerOptions = {}): Promise<S3Server> {
  const {
    bucket = "skerry",
    region = "us-east-1",
    credentials = CREDENTIALS,
    minPartSize = 5 * 1024 * 1024,
  } = options;
  const quirks: Quirks = { ...noQuirks(), ...options.quirks };
  const keeper = options.folder === undefined ? inMemory() : inFolder(options.folder);
  const buckets = new Map([[bucket, new Bucket(keeper)]]);
  const requests: Partial<Record<Operation, number>> = {};
  const log: LogEntry[] = [];
  const handlers = handlersOf(region);

  async function handle(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const { bucketName, key } = parsePath(url.pathname);
    const operation = operationOf(request, key, url.searchParams);
    requests[operation] = (requests[operation] ?? 0) + 1;
    log.push({ operation, key, bytes: Number(request.headers.get("content-length") ?? 0) });
    if (strikes(quirks, "slowDown")) throw new S3Error("SlowDown", "Please reduce your request rate.");
    checkSignature(request, url, credentials, region);
    if (operation === "GetObject" && quirks.readDelay > 0) await pause(quirks.readDelay);
    const bytes = await readBody(request, operation, contentHash(request, url), quirks);
    if (operation === "CreateBucket") return createBucket(bucketName, bytes);
    const held = buckets.get(bucketName);
    if (held === undefined) throw new S3Error("NoSuchBucket", "The specified bucket does not exist");
    const { headers } = request;
    const query = url.searchParams;
    return handlers[operation]({ headers, query, bucketName, bucket: held, key, bytes, quirks, minPartSize });
  }

  function createBucket(name: string, bytes: Uint8Array<ArrayBuffer>): Response {
    checkLocation({ bytes }, region);
    if (buckets.has(name) && region !== "us-east-1") { // which answers as if it were made now
      throw new S3Error("BucketAlreadyOwnedByYou", "The bucket you tried to create exists, and you own it.");
    }
    if (!buckets.has(name)) buckets.set(name, new Bucket());
    return new Response(null, { headers: { location: `/${name}` } });
  }

  const controller = new AbortController();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, signal: controller.signal, onListen() {} },
    (request) => handle(request).catch((error: unknown) => failed(request, error)),
  );
  return Promise.resolve({
    endpoint: `http://127.0.0.1:${server.addr.port}`,
    bucket,
    region,
    credentials,
    quirks,
    requests,
    log,
    reset() {
      for (const operation of Object.keys(requests) as Operation[]) delete requests[operation];
      log.length = 0;
    },
    async [Symbol.asyncDispose]() {
      controller.abort();
      await server.finished;
      keeper.close();
    },
  });
}

function handlersOf(region: string): Record<Exclude<Operation, "CreateBucket">, Handler> {
  return {
    HeadBucket: headBucket(region),
    GetPublicAccessBlock: getConfiguration("publicAccessBlock"),
    PutPublicAccessBlock: putConfiguration("publicAccessBlock"),
    GetBucketLifecycleConfiguration: getConfiguration("lifecycle"),
    PutBucketLifecycleConfiguration: putConfiguration("lifecycle"),
    ListObjectsV2: listObjects,
    ListMultipartUploads: listMultipartUploads,
    DeleteObjects: deleteObjects,
    GetObject: getObject,
    HeadObject: headObject,
    PutObject: putObject,
    DeleteObject: deleteObject,
    CreateMultipartUpload: createMultipartUpload,
    UploadPart: uploadPart,
    ListParts: listParts,
    CompleteMultipartUpload: completeMultipartUpload,
    AbortMultipartUpload: abortMultipartUpload,
  };
}

function parsePath(pathname: string): { bucketName: string; key: string } {
  const [, bucketName, key = ""] = /^\/([^/]+)(?:\/(.*))?$/s.exec(pathname) ?? [];
  try {
    if (bucketName !== undefined) return { bucketName, key: decodeURIComponent(key) };
  } catch {
    // not percent-encoded UTF-8
  }
  throw new S3Error("InvalidURI", "Couldn't parse the specified URI.");
}

/** The answer that tells of an error. */
async function failed(request: Request, error: unknown): Promise<Response> {
  if (!(error instanceof S3Error)) throw error; // a bug of this server's
  // A client that still sends would find its connection broken before it reads the answer.
  if (!request.bodyUsed) await request.body?.pipeTo(new WritableStream()).catch(() => {});
  const { status, headers } = error;
  if (request.method === "HEAD") return new Response(null, { status, headers });
  return new Response(error.toXml(new URL(request.url).pathname), {
    status,
    headers: { ...headers, "content-type": "application/xml" },
  });
}
