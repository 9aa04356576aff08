import { assert, assertEquals } from "@std/assert";
import { loadConfig } from "../../config/config.ts";
import { DynamoTable } from "../../storage/table/dynamodb/mod.ts";
import { S3ObjectStore } from "../../storage/objects/s3/mod.ts";
import {
  content,
  imageOf,
  pushBlob,
  pushManifest,
  readBlob,
  REPOSITORY,
  tag,
} from "../../tests/harness/stores.ts";
import { pause } from "../../storage/ports.ts";
import { startS3 } from "../../tests/s3/mod.ts";
import { createTable, CREDENTIALS_ENV, startDynalite } from "../../tests/services/mod.ts";
import { createLog, type Log } from "../log/mod.ts";
import { openRegistry } from "./open_registry.ts";

for (const [name, value] of Object.entries(CREDENTIALS_ENV)) Deno.env.set(name, value);

/** Milliseconds of a read at home, so that the replica is nearer on a busy machine, too. */
const DISTANCE_MS = 600;

/** A DynamoDB in front of another one that is slow to answer a measurement, and counts all other requests. */
function farAway(endpoint: string): AsyncDisposable & { endpoint: string; requests: () => number } {
  let count = 0;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const body = await request.text();
    if (body.includes('"ready"')) await pause(DISTANCE_MS);
    else count++;
    const headers = new Headers(request.headers);
    headers.delete("host");
    return await fetch(endpoint, { method: "POST", headers, body });
  });
  return {
    endpoint: `http://127.0.0.1:${server.addr.port}`,
    requests: () => count,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

Deno.test("openRegistry() answers GET from the nearest bucket and table, and from home when they lack it", async () => {
  await using homeS3 = await startS3({ quirks: { readDelay: DISTANCE_MS } });
  await using nearS3 = await startS3();
  await using dynalite = await startDynalite();
  for (const name of ["home", "near"]) await createTable(dynalite.endpoint, name);
  await using table = farAway(dynalite.endpoint);
  const region = homeS3.region;
  const replica = {
    region,
    bucket: nearS3.bucket,
    table: "near",
    s3Endpoint: nearS3.endpoint,
    dynamodbEndpoint: dynalite.endpoint,
  };
  const config = await loadConfig({
    SKERRY_STORAGE: "aws",
    AWS_REGION: region,
    AWS_ENDPOINT_URL_S3: homeS3.endpoint,
    AWS_ENDPOINT_URL_DYNAMODB: table.endpoint,
    SKERRY_S3_BUCKET: homeS3.bucket,
    SKERRY_S3_PATH_STYLE: "on",
    SKERRY_S3_VERIFIES_CONTENT: "off",
    SKERRY_DYNAMODB_TABLE: "home",
    SKERRY_SWEEP_INTERVAL: "0",
    SKERRY_COLLECT_INTERVAL: "0",
    SKERRY_READ_REPLICAS: JSON.stringify([replica]),
    SKERRY_TABLE_READS: "near",
  });
  const chosen: unknown[] = [];
  const log: Log = {
    ...createLog({ format: "off" }),
    info: (message, fields) => void chosen.push([message, fields]),
  };
  const { served: { registry }, close } = await openRegistry(config, log);
  const layer = content(100_000, 7);
  const blob = await pushBlob(registry, layer);
  const manifest = await pushManifest(registry, imageOf(layer, []), "v1");
  const pull = async () => {
    assertEquals((await registry.getManifest(REPOSITORY, { tag: tag("v1") })).digest, manifest);
    assertEquals(await readBlob(registry, blob), layer);
  };

  // The first pull measures, and the replicas are still empty after that.
  await pull();
  await until(() => chosen.length === 2);
  assertEquals(chosen.map((event) => JSON.stringify(event)).toSorted(), [
    `["Reading blobs from the nearest replica",{"region":"${region}"}]`,
    `["Reading the table from the nearest replica",{"region":"${region}"}]`,
  ]);
  await pull();

  // The replication arrives.
  const source = await DynamoTable.open({ table: "home", region, endpoint: dynalite.endpoint });
  const target = await DynamoTable.open({ table: "near", region, endpoint: dynalite.endpoint });
  await target.putMany((await source.scan({ limit: 1000 })).items);
  const open = ({ bucket, endpoint }: { bucket: string; endpoint: string }) =>
    S3ObjectStore.open({ bucket, region, endpoint, pathStyle: true });
  const [from, to] = [await open(homeS3), await open(nearS3)];
  for (const key of await from.list("", { limit: 1000 })) {
    const found = await from.get(key);
    await to.put(key, new Uint8Array(await new Response(found!.body).arrayBuffer()));
  }
  homeS3.reset();
  const before = table.requests();
  await pull();
  const { url } = await registry.getBlob(REPOSITORY, blob);
  assert((await url!())!.startsWith(nearS3.endpoint));
  assertEquals([homeS3.requests, table.requests()], [{}, before]);
  await registry.statBlob(REPOSITORY, blob);
  assertEquals(table.requests(), before + 1);
  await close();
  await source[Symbol.asyncDispose]();
  await target[Symbol.asyncDispose]();
});
