import { type AwsStores, startAwsStores } from "../harness/aws_stores.ts";
import { CREDENTIALS, CREDENTIALS_ENV, REGION, s3Client, type S3Service } from "../services/mod.ts";
import { Signer } from "../../storage/objects/s3/mod.ts";
import { DeleteObjectsCommand, ListObjectsV2Command, type S3Client } from "@aws-sdk/client-s3";
import { type Server, startServer } from "./server.ts";
import { startSubject } from "./subject.ts";

/** The part size that a registry has unless it is told otherwise. */
export const PART_BYTES = 16 * 1024 * 1024;

/** Lifetime of signed URLs, in seconds. */
const LIFETIME_SECONDS = 3600;

/** A real S3 server and a real table, and who stands before them. */
export interface BenchStores extends AsyncDisposable {
  /** Starts the registry on them, with these settings on top of the defaults. */
  startSubject(settings?: Readonly<Record<string, string>>): Promise<Server>;
  /** Starts the least that can do something with the same bucket. */
  startBare(env?: Readonly<Record<string, string>>): Promise<Server>;
  /** Keys of the objects in the bucket, of which there are few. */
  keys(): Promise<string[]>;
  /** A signed URL of an object. */
  readUrl(key: string): Promise<string>;
  /** Deletes all objects, which are not read any more. */
  clear(): Promise<void>;
}

/** Starts S3 (by default the server that starts sooner) and DynamoDB as processes of their own, with nothing in them. */
export async function startBenchStores(s3?: () => Promise<S3Service>): Promise<BenchStores> {
  const stores = await startAwsStores(s3);
  const client = s3Client(stores.s3.endpoint);
  const bucketUrl = new URL(`${stores.s3.endpoint}/${stores.bucket}`);
  const settings = {
    ...stores.env(),
    SKERRY_S3_PART_SIZE: `${PART_BYTES}`,
    SKERRY_S3_VERIFIES_CONTENT: "on", // it does, and no measurement has to wait for the check
  };
  return {
    startSubject: async (more = {}) =>
      await untilReady(await startSubject({ settings: { ...settings, ...more } })),
    startBare: (env = {}) => {
      const where = { BUCKET_URL: bucketUrl.href, PART_BYTES: `${PART_BYTES}` };
      const options = { ...CREDENTIALS_ENV, ...where, ...env };
      return startServer({ script: "tests/bench/baseline/s3_bare.ts", env: options });
    },
    keys: () => keysOf(client, stores),
    async readUrl(key) {
      const credentials = () => Promise.resolve(CREDENTIALS);
      const signer = new Signer({ region: REGION, credentials, url: bucketUrl });
      return (await signer.readUrl(key, LIFETIME_SECONDS)).url;
    },
    async clear() {
      const keys = await keysOf(client, stores);
      const Objects = keys.map((Key) => ({ Key }));
      if (Objects.length === 0) return;
      await client.send(new DeleteObjectsCommand({ Bucket: stores.bucket, Delete: { Objects } }));
    },
    [Symbol.asyncDispose]: () => stores[Symbol.asyncDispose](),
  };
}

async function keysOf(client: S3Client, { bucket }: AwsStores): Promise<string[]> {
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
  return Contents.map(({ Key = "" }) => Key);
}

/** The registry answers before it has opened its stores, and only what comes afterwards is to be measured. */
async function untilReady(server: Server): Promise<Server> {
  const response = await fetch(`http://127.0.0.1:${server.port}/readyz`);
  await response.body?.cancel();
  if (response.ok) return server;
  await server[Symbol.asyncDispose]();
  throw new Error(`The registry is not ready: ${response.status}`);
}
