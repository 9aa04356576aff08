import { type FaultProxy, startFaultProxy } from "../faults/mod.ts";
import { useAll } from "../harness/aws_stores.ts";
import { type RegistryProcess, startRegistry } from "../harness/registry_process.ts";
import {
  createBucket,
  createTable,
  CREDENTIALS_ENV,
  type ServiceProcess,
  startDynamoDb,
  startVersityGw,
} from "../services/mod.ts";

/** A service that keeps its data in a folder and comes back where it was. */
type Start = (options: { folder: string; port?: number }) => Promise<ServiceProcess & { endpoint: string }>;

/** A store that has bad days on demand. Between it and the registry stands a proxy. */
export class UnreliableStore implements AsyncDisposable {
  readonly #start: Start;
  readonly #folder: string;
  #service: ServiceProcess & { endpoint: string };
  /** Proxy before it. */
  readonly faults: FaultProxy;

  private constructor(start: Start, folder: string, service: ServiceProcess & { endpoint: string }) {
    this.#start = start;
    this.#folder = folder;
    this.#service = service;
    this.faults = startFaultProxy({ upstream: service.endpoint });
  }

  /** Starts it on a folder. */
  static async start(start: Start, folder: string): Promise<UnreliableStore> {
    return new UnreliableStore(start, folder, await start({ folder }));
  }

  /** Its URL without the proxy. */
  get endpoint(): string {
    return this.#service.endpoint;
  }

  /** From now on it takes connections and says nothing. */
  freeze(): void {
    Deno.kill(this.#service.pid, "SIGSTOP");
  }

  /** It goes on where it was frozen. */
  thaw(): void {
    Deno.kill(this.#service.pid, "SIGCONT");
  }

  /** Ends it without a warning. */
  async kill(): Promise<void> {
    Deno.kill(this.#service.pid, "SIGKILL");
    await this.#service.status;
    await this.#service[Symbol.asyncDispose]();
  }

  /** Brings it back after a kill. */
  async restart(): Promise<void> {
    const port = Number(new URL(this.endpoint).port);
    this.#service = await this.#start({ folder: this.#folder, port });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.faults[Symbol.asyncDispose]();
    await this.#service[Symbol.asyncDispose]();
  }
}

/** One process of a registry, and stores of its own. */
export interface BadDays extends AsyncDisposable {
  readonly registry: RegistryProcess;
  readonly s3: UnreliableStore;
  readonly dynamoDb: UnreliableStore;
}

/** Folders of the stores, which stay; by default fresh ones. */
export interface BadDaysOptions {
  readonly s3?: string;
  readonly dynamoDb?: string;
}

/** Starts a registry that remembers nothing on two stores. */
export async function startBadDays(folders: BadDaysOptions = {}): Promise<BadDays> {
  await using stack = new AsyncDisposableStack();
  const [s3, dynamoDb] = await useAll<[UnreliableStore, UnreliableStore]>(stack, [
    UnreliableStore.start(startVersityGw, folders.s3 ?? await freshFolder(stack)),
    UnreliableStore.start(startDynamoDb, folders.dynamoDb ?? await freshFolder(stack)),
  ]);
  const [bucket, table] = ["skerry-bucket", "skerry-table"];
  await createBucket(s3.endpoint, bucket);
  await createTable(dynamoDb.endpoint, table);
  const registry = stack.use(
    await startRegistry({
      env: {
        ...CREDENTIALS_ENV,
        SKERRY_STORAGE: "aws",
        SKERRY_S3_BUCKET: bucket,
        SKERRY_S3_PATH_STYLE: "on",
        SKERRY_S3_PART_SIZE: "5MiB",
        SKERRY_DYNAMODB_TABLE: table,
        AWS_ENDPOINT_URL_S3: s3.faults.url,
        AWS_ENDPOINT_URL_DYNAMODB: dynamoDb.faults.url,
      },
    }),
  );
  const kept = stack.move();
  return { registry, s3, dynamoDb, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

async function freshFolder(stack: AsyncDisposableStack): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "skerry-bad-days-" });
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  return folder;
}
