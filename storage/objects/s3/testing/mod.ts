import { CREDENTIALS_ENV } from "../../../../tests/harness/credentials.ts";
import { type S3Server, startS3 } from "../../../../tests/s3/mod.ts";
import { MIN_PART_BYTES, type S3Options } from "../options.ts";
import { S3ObjectStore } from "../s3_object_store.ts";

/** A store in a bucket of a server of its own. */
export interface StoreUnderTest extends AsyncDisposable {
  server: S3Server;
  store: S3ObjectStore;
  /** Another one in the same bucket. */
  open(options?: Partial<S3Options>): Promise<S3ObjectStore>;
}

/** Makes one; it finds its credentials as it does elsewhere, in the environment. */
export async function makeStore(options: Partial<S3Options> = {}): Promise<StoreUnderTest> {
  const server = await startS3();
  const { endpoint, bucket, region } = server;
  setCredentials();
  const open = (others: Partial<S3Options> = {}) =>
    S3ObjectStore.open({
      bucket,
      region,
      endpoint,
      pathStyle: true,
      partSize: MIN_PART_BYTES,
      ...options,
      ...others,
    });
  return { server, store: await open(), open, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

/** A store that answers as `handle` does. */
export async function makeStub(
  handle: (request: Request) => Response | Promise<Response>,
  options: Partial<S3Options> = {},
): Promise<AsyncDisposable & { url: string; store: S3ObjectStore }> {
  setCredentials();
  const controller = new AbortController();
  const { signal } = controller;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, signal, onListen() {} }, handle);
  const url = `http://127.0.0.1:${server.addr.port}`;
  const store = await S3ObjectStore.open({
    bucket: "skerry",
    region: "us-east-1",
    endpoint: url,
    pathStyle: true,
    ...options,
  });
  return {
    url,
    store,
    async [Symbol.asyncDispose]() {
      controller.abort();
      await server.finished;
    },
  };
}

function setCredentials(): void {
  for (const [name, value] of Object.entries(CREDENTIALS_ENV)) Deno.env.set(name, value);
}
