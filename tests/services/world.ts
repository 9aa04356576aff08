/**
 * The world on the loopback interface: stores at home, and regions far from it, each with a process of the registry and
 * a shared cache in front of its public host.
 *
 * @module
 */
import { startFaultProxy } from "../faults/mod.ts";
import { CREDENTIALS_ENV } from "../harness/credentials.ts";
import type { Send } from "../harness/content.ts";
import { type RegistryProcess, startRegistry } from "../harness/registry_process.ts";
import { startS3 } from "../s3/mod.ts";
import { startDynalite } from "./dynalite.ts";
import { createTable } from "./stores.ts";
import { Journey, type Trips } from "./journey.ts";
import { startVarnish, type Varnish } from "./varnish.ts";

/** Public host of every region. */
export const PUBLIC_HOST = "pull.example.com";

const TABLE = "skerry-table";

/** A place near the clients. */
export interface Region {
  readonly registry: RegistryProcess;
  readonly varnish: Varnish;
}

/** Stores, and the regions that are started with them. */
export interface World extends AsyncDisposable {
  /** Sends a request to a process beside the stores. */
  readonly home: Send;
  /** Starts a region with empty caches. `more` are keys of `public`. */
  startRegion(more: Record<string, unknown>): Promise<Region>;
  /** Trips home of all regions since the last look. */
  take(): Trips;
}

/** Starts the stores and a process beside them. */
export async function startWorld(): Promise<World> {
  await using stack = new AsyncDisposableStack();
  const s3 = stack.use(await startS3());
  const dynamoDb = stack.use(await startDynalite());
  await createTable(dynamoDb.endpoint, TABLE);
  const settings = (objects: string, table: string) => ({
    ...CREDENTIALS_ENV,
    SKERRY_STORAGE: "aws",
    SKERRY_S3_BUCKET: s3.bucket,
    SKERRY_S3_PATH_STYLE: "on",
    SKERRY_S3_VERIFIES_CONTENT: "on",
    SKERRY_DYNAMODB_TABLE: TABLE,
    // Background work would be counted too.
    SKERRY_SWEEP_INTERVAL: "0",
    AWS_ENDPOINT_URL_S3: objects,
    AWS_ENDPOINT_URL_DYNAMODB: table,
  });
  const near = stack.use(await startRegistry({ env: settings(s3.endpoint, dynamoDb.endpoint) }));
  const journey = new Journey();
  const [objects, table] = [
    stack.use(startFaultProxy({ upstream: s3.endpoint, onRequest: () => journey.pass("objects") })),
    stack.use(startFaultProxy({ upstream: dynamoDb.endpoint, onRequest: () => journey.pass("table") })),
  ];
  const far = settings(objects.url, table.url);
  const kept = stack.move();
  return {
    home: (path, init) => fetch(near.url + path, init),
    async startRegion(more) {
      const env = { ...far, SKERRY_PUBLIC: JSON.stringify({ hosts: [PUBLIC_HOST], ...more }) };
      const registry = kept.use(await startRegistry({ env }));
      return { registry, varnish: kept.use(await startVarnish(registry.port, PUBLIC_HOST)) };
    },
    take: () => journey.take(),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
