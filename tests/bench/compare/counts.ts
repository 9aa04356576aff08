import { load } from "../load/mod.ts";
import type { Server } from "../server.ts";
import { type CountingProxy, startCountingProxy, type Traffic } from "./counting_proxy.ts";
import { type PeerName, PEERS, type S3Place, startPeer } from "./peers.ts";

const MIB = 1024 * 1024;

/** Delay of each request to S3 and DynamoDB while requests in sequence are counted, in milliseconds. */
const DELAY_MS = 100;

/** Time in which a started registry finishes what it does by itself, in milliseconds. */
const SETTLING_MS = 500;

/** Attempts at each operation. The fastest counts, since anything else that runs on the machine only adds to it. */
const ATTEMPTS = 3;

/** Requests that one operation makes. */
export interface Count {
  readonly s3: Readonly<Traffic>;
  readonly table: Readonly<Traffic>;
  /** Requests that were waited for one after another. */
  readonly inSequence: number;
}

/** Operation that is counted. */
interface Operation {
  readonly name: string;
  /** Prepares the repository. */
  prepare?(server: Server): Promise<unknown>;
  /** True if a process does it that has done nothing else, so that it remembers nothing. */
  readonly cold?: true;
  run(server: Server, prefix: string): Promise<unknown>;
}

/** Counts of each operation, by registry. */
export type Counts = { readonly name: string; readonly counts: Record<PeerName, Count> }[];

/** Name of this part of the comparison. */
export const COUNTS = "requests to S3 and DynamoDB";

/** Counts what each registry asks S3 and DynamoDB for, with one client, by each operation whose name contains `only`. */
export async function countRequests(place: S3Place, only: string): Promise<Counts> {
  const counted = () => operations().filter(({ name }) => `${COUNTS}: ${name}`.includes(only));
  const results = counted().map(({ name }) => ({ name, counts: {} as Record<PeerName, Count> }));
  for (const peer of PEERS) {
    await using s3 = startCountingProxy(place.s3);
    await using table = startCountingProxy(place.env.AWS_ENDPOINT_URL_DYNAMODB!);
    const env = { ...place.env, AWS_ENDPOINT_URL_S3: s3.endpoint, AWS_ENDPOINT_URL_DYNAMODB: table.endpoint };
    const through = { ...place, s3: s3.endpoint, env };
    for (const [index, operation] of counted().entries()) {
      results[index]!.counts[peer] = await countOf(peer, operation, through, { s3, table });
    }
  }
  return results;
}

/** Does the operation as it is, and with every request delayed, which shows how many wait for another. */
async function countOf(
  peer: PeerName,
  operation: Operation,
  place: S3Place,
  proxies: Proxies,
): Promise<Count> {
  const usual: Attempt[] = [];
  const delayed: Attempt[] = [];
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    usual.push(await attemptAt(peer, operation, place, proxies, 0));
    delayed.push(await attemptAt(peer, operation, place, proxies, DELAY_MS));
  }
  const fastest = (attempts: readonly Attempt[]) => Math.min(...attempts.map(({ took }) => took));
  const inSequence = Math.max(0, Math.round((fastest(delayed) - fastest(usual)) / DELAY_MS));
  const { s3, table } = usual[0]!;
  return { s3, table, inSequence };
}

/** Traffic of an operation, and its milliseconds. */
type Attempt = Omit<Count, "inSequence"> & { readonly took: number };

interface Proxies {
  readonly s3: CountingProxy;
  readonly table: CountingProxy;
}

async function attemptAt(
  peer: PeerName,
  operation: Operation,
  place: S3Place,
  { s3, table }: Proxies,
  delay: number,
): Promise<Attempt> {
  if (operation.cold) {
    await using earlier = await startSettled(peer, place);
    await operation.prepare?.(earlier);
  }
  await using server = await startSettled(peer, place);
  if (!operation.cold) {
    await operation.prepare?.(server);
    await operation.run(server, `counted/${crypto.randomUUID()}`);
  }
  const before = { s3: { ...s3.traffic }, table: { ...table.traffic } };
  for (const proxy of [s3, table]) proxy.delay(delay);
  const began = performance.now();
  await operation.run(server, `counted/${crypto.randomUUID()}`);
  const took = performance.now() - began;
  for (const proxy of [s3, table]) proxy.delay(0);
  await settle(); // Requests that the client did not wait for count as well.
  return { took, s3: difference(s3.traffic, before.s3), table: difference(table.traffic, before.table) };
}

/** Starts a registry whose storage is open and that does nothing by itself any more. */
async function startSettled(peer: PeerName, place: S3Place): Promise<Server> {
  const server = await startPeer(peer, place);
  await request(server, "GET", "/v2/counted/none/manifests/none", 404);
  await settle();
  return server;
}

function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, SETTLING_MS));
}

function difference(after: Traffic, before: Traffic): Traffic {
  return {
    requests: after.requests - before.requests,
    sent: after.sent - before.sent,
    received: after.received - before.received,
  };
}

function request({ port }: Server, method: "GET" | "HEAD", path: string, status = 200): Promise<unknown> {
  return load("sendRequests", { port, method, status, paths: [path], clients: 1, amount: { count: 1 } });
}

function operations(): Operation[] {
  return [
    push("push 1 x 1 MiB, POST and PUT", "put", 1, MIB),
    push("push 1 x 1 MiB, HEAD, POST, PATCH, PUT", "docker", 1, MIB),
    push("push 5 x 20 MiB, HEAD, POST, PATCH, PUT", "docker", 5, 20 * MIB),
    ...reads(),
  ];
}

function push(name: string, way: "put" | "docker", layers: number, size: number): Operation {
  const options = { way, layers, size, known: false, count: 1, clients: 1 };
  return {
    name,
    run: ({ port }, prefix) => load("pushImages", { port, prefix: `${prefix}/${way}-${size}`, ...options }),
  };
}

function reads(): Operation[] {
  const repository = "counted/read";
  let known = { manifest: "", blob: "" };
  const prepare = async ({ port }: Server) => known = await load("pushTags", { port, repository, count: 2 });
  const absent = `/v2/${repository}/blobs/sha256:${"0".repeat(64)}`;
  const requests: [string, (server: Server) => Promise<unknown>][] = [
    ["GET a manifest by tag", (server) => request(server, "GET", `/v2/${repository}/manifests/image-0`)],
    ["GET a manifest by digest", (server) => request(server, "GET", known.manifest)],
    ["GET a blob", (server) => request(server, "GET", known.blob)],
    ["HEAD a blob", (server) => request(server, "HEAD", known.blob)],
    ["HEAD an absent blob", (server) => request(server, "HEAD", absent, 404)],
    ["list tags", (server) => request(server, "GET", `/v2/${repository}/tags/list`)],
  ];
  return requests.flatMap(([name, run]): Operation[] => [
    { name: `${name}, cold`, cold: true, prepare, run },
    { name: `${name}, warm`, prepare, run },
  ]);
}
