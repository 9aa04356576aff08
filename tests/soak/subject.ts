import { DatabaseSync } from "node:sqlite";
import { ScanCommand } from "@aws-sdk/client-dynamodb";
import { startAwsStores } from "../harness/aws_stores.ts";
import { type RegistryProcess, startRegistry } from "../harness/registry_process.ts";
import { dynamoDbClient } from "../services/stores.ts";
import { startVersityGw } from "../services/mod.ts";

/** Storage of the registry under test. */
export type Storage = "folder" | "s3";

/** A registry and what it stores. */
export interface Subject extends AsyncDisposable {
  registry: RegistryProcess;
  /** Items of its table. */
  items: () => Promise<number>;
  /** Place of its objects. */
  objects: string;
  /** The folder whose size counts. */
  disk: string;
}

/** Starts a registry over empty stores. */
export async function startSubject(storage: Storage, env: Record<string, string>): Promise<Subject> {
  await using stack = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "skerry-soak-" });
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  if (storage === "folder") {
    const registry = stack.use(await startRegistry({ env, data: folder }));
    const kept = stack.move();
    return {
      registry,
      items: () => Promise.resolve(countRows(`${folder}/table.sqlite`)),
      objects: `${folder}/objects`,
      disk: folder,
      [Symbol.asyncDispose]: () => kept.disposeAsync(),
    };
  }
  const stores = stack.use(await startAwsStores(() => startVersityGw({ folder })));
  const registry = stack.use(await startRegistry({ env: { ...stores.env(), ...env } }));
  const client = dynamoDbClient(stores.dynamoDb.endpoint);
  stack.defer(() => client.destroy());
  const kept = stack.move();
  return {
    registry,
    items: () => countItems(client, stores.table),
    objects: `${folder}/${stores.bucket}`,
    disk: folder,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

function countRows(path: string): number {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    return Number(database.prepare("SELECT count(*) AS count FROM item").get()!.count);
  } finally {
    database.close();
  }
}

async function countItems(client: ReturnType<typeof dynamoDbClient>, table: string): Promise<number> {
  let count = 0;
  let start: Record<string, never> | undefined;
  do {
    const command = new ScanCommand({ TableName: table, Select: "COUNT", ExclusiveStartKey: start });
    const page = await client.send(command);
    count += page.Count ?? 0;
    start = page.LastEvaluatedKey as typeof start;
  } while (start !== undefined);
  return count;
}
