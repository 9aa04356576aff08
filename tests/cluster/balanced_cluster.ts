/**
 * Three replicas behind a balancer of `infra/balancers`, and everything that clients may do there.
 *
 * @module
 */

import { assert, assertEquals, assertGreater, assertStringIncludes } from "@std/assert";
import { checkRun, RUNS } from "../conformance/runs.ts";
import { type Cluster, startCluster, startReplica } from "../harness/cluster.ts";
import { useAll } from "../harness/aws_stores.ts";
import { digestOf, pushBlob, type Send, startUpload } from "../harness/content.ts";
import { startRegistry } from "../harness/registry_process.ts";
import { noise } from "../images/mod.ts";
import { type Balancer, type BalancerName, type Edits, startBalancer } from "../services/mod.ts";
import { startClients, type Tally } from "./balanced_clients.ts";

/** Clients that push and pull during a rolling restart. */
const CLIENTS = 64;

/** Milliseconds of the clients before the first restart, and after each one until the balancer has noticed. */
const [WARM_UP_MS, NOTICE_MS] = [2000, 4000];

/** Larger than a part of a multipart upload and what is buffered on the way. */
const LAYER = noise("balanced", 12 * 1024 * 1024);
const DIGEST = digestOf(LAYER);

/** Address of a client on the loopback interface that is not the balancer's. */
const CLIENT_ADDRESS = "127.0.0.7";

/** The balancer is trusted to tell the client's address. */
const TRUSTING = {
  SKERRY_AUTH: JSON.stringify({
    url: "https://registry.example.com",
    policies: [{
      repositories: ["**"],
      allow: [{ to: ["anonymous"], actions: ["pull"] }],
    }],
    proxy: { trusted: ["127.0.0.1/32"], forwardedFor: "on" },
  }),
};

/** A cluster behind one of the balancers. */
export type BalancedCluster = Cluster<Balancer>;

/** Starts three replicas with these settings behind a balancer. */
export function startBalanced(
  name: BalancerName,
  env: Readonly<Record<string, string>> = {},
  edits: Edits = {},
): Promise<BalancedCluster> {
  return startCluster({
    env,
    balancer: (replicas: readonly string[]) => startBalancer(name, replicas, edits),
  });
}

/** Replicas behind a balancer. */
export type Balanced = Pick<BalancedCluster, "balancer" | "replicas">;

/**
 * Starts three replicas that share a data folder, behind a balancer. Real stores of many clients need more than two
 * processors to answer in time, and a restart is about the replicas.
 */
export async function startShared(
  name: BalancerName,
  env: Readonly<Record<string, string>> = {},
  edits: Edits = {},
): Promise<Balanced & AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "skerry-shared-" });
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const settings = { ...env, SKERRY_DATA: folder };
  const replicas = await useAll(stack, Array.from({ length: 3 }, () => startReplica(settings)));
  const balancer = stack.use(await startBalancer(name, replicas.map(({ url }) => url), edits));
  const kept = stack.move();
  return { balancer, replicas, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** Pushes a layer of several MiB in one request and in chunks, pulls it whole and in part, and deletes it. */
async function checkJourney({ balancer, replicas }: BalancedCluster): Promise<void> {
  using client = Deno.createHttpClient({ caCerts: [balancer.certificate] });
  const send: Send = (path, init) => fetch(new URL(path, balancer.url), { ...init, client });
  await pushBlob(send, "journey/one", LAYER);

  let location = await startUpload(send, "journey/chunks");
  const middle = 7_000_000;
  for (const [first, end] of [[0, middle], [middle, LAYER.length]] as const) {
    const headers = { "Content-Range": `${first}-${end - 1}` };
    // A body without a length.
    const body = new Blob([LAYER.subarray(first, end)]).stream();
    const patch = await send(location, { method: "PATCH", headers, body });
    assertEquals(patch.status, 202, await patch.text());
    location = patch.headers.get("Location")!;
  }
  const put = await send(`${location}?digest=${DIGEST}`, { method: "PUT" });
  assertEquals(put.status, 201, await put.text());

  for (const repository of ["journey/one", "journey/chunks"]) {
    const path = `/v2/${repository}/blobs/${DIGEST}`;
    assertEquals(digestOf(await (await send(path)).bytes()), DIGEST);
    const part = await send(path, { headers: { Range: "bytes=5000000-5000009" } });
    assertEquals([part.status, await part.bytes()], [206, LAYER.slice(5_000_000, 5_000_010)]);
    const deleted = await send(path, { method: "DELETE" });
    assertEquals(deleted.status, 202, await deleted.text());
    for (const _ of replicas) assertEquals((await send(path, { method: "HEAD" })).status, 404);
  }
}

/** Asks from another address, and claims a third one. The registry's log has the first. */
async function checkAddress(name: BalancerName): Promise<void> {
  await using registry = await startRegistry({ env: TRUSTING });
  await using balancer = await startBalancer(name, [registry.url]);
  const { success, stdout } = await new Deno.Command("curl", {
    args: [
      ...[
        "--silent",
        "--cacert",
        balancer.certificatePath,
        "--interface",
        CLIENT_ADDRESS,
        "--max-time",
        "20",
      ],
      ...["--header", "X-Forwarded-For: 192.0.2.1", "--write-out", "%{http_code}"],
      `${balancer.url}/v2/address/tags/list`,
    ],
    stdin: "null",
  }).output();
  assert(success, "curl");
  assertStringIncludes(new TextDecoder().decode(stdout), "404");
  await registry.kill("SIGINT"); // so that its log is complete
  const line = registry.log().split("\n").find((line) => line.includes('"route":"listTags"'));
  assertEquals(JSON.parse(line!)["client.address"], CLIENT_ADDRESS);
}

/** Restarts each replica in turn while clients push and pull. */
export async function restartAll({ balancer, replicas }: Balanced): Promise<Tally> {
  const { tally, end } = startClients(balancer, CLIENTS);
  await waitFor(WARM_UP_MS);
  for (const replica of replicas) {
    await replica.kill("SIGTERM");
    await replica.restart();
    await waitFor(NOTICE_MS);
  }
  await end();
  return tally;
}

/** Checks that clients notice nothing of a rolling restart, and prints the number of their requests. */
async function checkRollingRestart(name: BalancerName): Promise<void> {
  await using cluster = await startShared(name);
  const { failures, requests, rounds } = await restartAll(cluster);
  console.log(`Rolling restart behind ${name}: ${failures.length} failed of`, requests);
  assertEquals(failures, []);
  assertGreater(rounds, CLIENTS);
  for (const replica of cluster.replicas) {
    const log = replica.log();
    assertEquals(log.match(/"message":"Shutting down","signal":"SIGTERM"/g)?.length, 1);
    assertEquals(log.match(/"message":"Listening on /g)?.length, 2);
    assert(!log.includes("Shutdown timed out"), log);
  }
}

/** Runs the conformance suite through the balancer. */
export async function checkConformance(
  t: Deno.TestContext,
  { balancer: { host, certificatePath } }: BalancedCluster,
  name: string,
): Promise<void> {
  const run = RUNS.find(({ name }) => name === "strict")!;
  await checkRun(t, run, await run.run({ host, certificatePath }, `balanced-${name}`));
}

/** Everything that is checked of a balancer with a cluster, one step each. */
export async function checkCluster(t: Deno.TestContext, name: BalancerName): Promise<void> {
  await t.step("the log has the client's address", () => checkAddress(name));
  await t.step("a rolling restart fails no request", () => checkRollingRestart(name));
  await using cluster = await startBalanced(name);
  await t.step("pushes, pulls and deletes", () => checkJourney(cluster));
  await t.step("conformance", (t) => checkConformance(t, cluster, name));
}

function waitFor(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
