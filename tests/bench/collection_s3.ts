import { createHash, randomBytes } from "node:crypto";
import { type Digest, parseRepositoryName, type RepositoryName } from "../../oci/mod.ts";
import { edgeKey, repositoryKey, uploadItem } from "../../registry/stored.ts";
import type { NewItem } from "../../storage/mod.ts";
import { DynamoTable } from "../../storage/table/dynamodb/mod.ts";
import { type AwsStores, startAwsStores } from "../harness/aws_stores.ts";
import { CREDENTIALS_ENV, REGION } from "../services/mod.ts";
import { garbageItems, imageItems } from "./collection_items.ts";
import type { Figure } from "./figure.ts";
import { pairPushes, pushFigures, pushTimes } from "./paired_pushes.ts";
import type { Server } from "./server.ts";
import { startSubject } from "./subject.ts";

/** Images that were deleted, whose grace period has just ended, and pushes whose uploads have just expired. */
const [DELETED, UPLOADS] = [600, 2000];

/** Images that are pushed in one sample: the 99th percentile of fewer would be the slowest of them. */
const PUSHES = 300;

/** Samples of pushes until garbage collection has begun, at most. */
const WARM_UPS = 50;

/**
 * Repositories of the garbage, each with an image that stays. Many, because a query of DynamoDB Local, unlike one of
 * DynamoDB, takes the longer the more items its partition has.
 */
const REPOSITORIES = Array.from({ length: 100 }, (_, i) => parseRepositoryName(`bench/collected-${i}`));

/**
 * Costs of garbage collection and sweep on S3 and DynamoDB to the clients that push meanwhile, and as a control, those of
 * such requests of another process: on one machine, these cost the services and the processor the same.
 */
export async function collectionS3(rounds: number): Promise<Figure[]> {
  for (const [name, value] of Object.entries(CREDENTIALS_ENV)) Deno.env.set(name, value);
  await using idle = await startAwsStores();
  await fill(idle);
  const off = { SKERRY_COLLECT_INTERVAL: "0", SKERRY_SWEEP_INTERVAL: "0" };
  await using without = await startOn(idle, off);
  return [...await besideCollection(without, rounds), ...await besideControl(idle, without, rounds)];
}

async function besideCollection(without: Server, rounds: number): Promise<Figure[]> {
  await using collected = await startAwsStores();
  await fill(collected);
  await using subject = await startOn(collected, {});
  const before = await untilBegun(collected, { without, during: subject });
  const pushes = await pairPushes({ without, during: subject }, { rounds, count: PUSHES });
  const removed = before - await leftIn(collected);
  if (removed <= 0) throw new Error("Cannot compare: nothing was collected meanwhile");
  const name = "push to S3 and DynamoDB while garbage is collected";
  return pushFigures(pushes, name, `; ${removed} candidates and uploads removed`);
}

async function besideControl(stores: AwsStores, without: Server, rounds: number): Promise<Figure[]> {
  await using control = startPacedRequests(stores);
  const during = { ...without, pid: control.pid };
  const pushes = await pairPushes({ without, during }, { rounds, count: PUSHES });
  const figures = pushFigures(pushes, "push beside such requests of another process");
  return figures.map(({ target: _, ...figure }) => figure);
}

/** Starts the control: a process that makes such requests, and has no part in the pushes. */
function startPacedRequests({ table, dynamoDb }: AwsStores): Deno.ChildProcess {
  const script = new URL("baseline/paced_requests.ts", import.meta.url).pathname;
  const lock = new URL("../deno.lock", import.meta.url).pathname;
  return new Deno.Command(Deno.execPath(), {
    args: ["run", `--lock=${lock}`, "--allow-all", script],
    env: { TABLE: table, ENDPOINT: dynamoDb.endpoint },
  }).spawn();
}

function startOn(stores: AwsStores, settings: Record<string, string>): Promise<Server> {
  return startSubject({ settings: { ...stores.env(), ...settings } });
}

/** Pushes, to both servers alike, until garbage collection has begun, and answers what is left then. */
async function untilBegun(
  stores: AwsStores,
  { without, during }: { without: Server; during: Server },
): Promise<number> {
  const all = await leftIn(stores);
  for (let attempt = 0; attempt < WARM_UPS; attempt++) {
    await pushTimes(without, PUSHES);
    await pushTimes(during, PUSHES);
    const left = await leftIn(stores);
    if (left < all) return left;
  }
  throw new Error("Cannot compare: garbage collection does not begin");
}

/** Fills the table with work that is due: deleted images with their candidates, and uploads of committed blobs. */
async function fill(stores: AwsStores): Promise<void> {
  await using table = await tableOf(stores);
  const [now, day] = [Date.now(), 24 * 60 * 60_000];
  const week = now - 7 * day;
  const kept = REPOSITORIES.map((repository, i) => [
    { ...repositoryKey(repository), attributes: { createdAt: week } },
    ...imageItems(repository, i, week),
  ]);
  const garbage = Array.from({ length: DELETED }, (_, i) => garbageItems(repositoryOf(i), i, week));
  const uploads = Array.from({ length: UPLOADS }, (_, i) => expiredUpload(repositoryOf(i), now - day / 100));
  const items = [...kept, ...garbage, ...uploads].flat();
  for (let i = 0; i < items.length; i += 200) await table.putMany(items.slice(i, i + 200));
}

function repositoryOf(index: number): RepositoryName {
  return REPOSITORIES[index % REPOSITORIES.length]!;
}

/** The upload of a blob that a manifest references, and its edge. */
function expiredUpload(repository: RepositoryName, expiresAt: number): NewItem[] {
  const id = randomBytes(16).toString("hex");
  const digest = `sha256:${createHash("sha256").update(id).digest("hex")}` as Digest;
  const upload = uploadItem(id, {
    kind: "blob",
    repository,
    principal: "anonymous",
    prefix: `blobs/${id.slice(0, 3)}/${id}-`,
    expiresAt,
    state: "done",
    digest,
    left: [],
    offset: 1000,
    etags: [],
    tail: [],
  });
  return [upload, { ...edgeKey(repository, digest, digest), attributes: { at: Date.now() } }];
}

/** Number of candidates of deleted images and of expired uploads. */
async function leftIn(stores: AwsStores): Promise<number> {
  await using table = await tableOf(stores);
  let count = 0;
  for (const digit of "0123456789abcdef") {
    for (let after = "";;) {
      const page = await table.query(`garbage#${digit}`, { limit: 1000, after });
      // The full pass leaves others.
      count += page.filter(({ sk }) => sk.includes("#manifest#")).length;
      if (page.length < 1000) break;
      after = page.at(-1)!.sk;
    }
    for (let after = "";;) {
      const page = await table.queryIndex(`uploads#${digit}`, { limit: 1000, after });
      count += page.filter(({ attributes }) => (attributes.expiresAt as number) < Date.now()).length;
      if (page.length < 1000) break;
      after = page.at(-1)!.index!.sk;
    }
  }
  return count;
}

function tableOf({ table, dynamoDb }: AwsStores): Promise<DynamoTable> {
  return DynamoTable.open({ table, region: REGION, endpoint: dynamoDb.endpoint });
}
