/**
 * Races of eight processes in one repository; each request of every client goes to another process than the one before.
 */
import { assertEquals } from "@std/assert";
import { type Cluster, startCluster } from "../harness/cluster.ts";
import {
  EMPTY,
  EMPTY_DESCRIPTOR,
  imageOf,
  manifestOf,
  pushBlob,
  pushImage,
  pushManifest,
  putManifest,
  type Send,
  type TestManifest,
} from "../harness/content.ts";

const PROCESSES = 8;

/** Tags, and referrers. */
const PUSHES = 500;

/** Clients at work at the same time, so that every process has several requests at any moment. */
const CLIENTS = 4 * PROCESSES;

/** Moves of the tag by each writer: more in all than the history keeps. */
const MOVES = 8;

/** A client whose first request goes to that process, and each one after it to the next. */
function clientOf({ replicas }: Cluster, first: number): Send {
  let next = first;
  return (path, init) => fetch(replicas[next++ % replicas.length]!.url + path, init);
}

/** Has many clients do some work for all of these values, each for whatever is the next one. */
async function forAll<T>(
  cluster: Cluster,
  values: Iterable<T>,
  work: (send: Send, value: T) => Promise<unknown>,
): Promise<void> {
  const waiting = Iterator.from(values);
  await Promise.all(Array.from({ length: CLIENTS }, async (_, client) => {
    const send = clientOf(cluster, client);
    for (let next = waiting.next(); !next.done; next = waiting.next()) await work(send, next.value);
  }));
}

/** Answers of every process to a GET of this path. */
async function everywhere({ replicas }: Cluster, path: string) {
  return await Promise.all(replicas.map(async ({ url }) => await (await fetch(url + path)).json()));
}

async function setTags(cluster: Cluster): Promise<void> {
  await pushBlob(clientOf(cluster, 0), "tags", EMPTY);
  const images = Array.from({ length: PUSHES }, (_, i): [string, TestManifest] => {
    const tag = `tag-${`${i}`.padStart(3, "0")}`;
    return [tag, imageOf(tag)];
  });
  await forAll(cluster, images, (send, [tag, manifest]) => pushManifest(send, "tags", manifest, tag));
  const tags = images.map(([tag]) => tag);
  for (const list of await everywhere(cluster, `/v2/tags/tags/list?n=${2 * PUSHES}`)) {
    assertEquals(list, { name: "tags", tags });
  }
  await forAll(cluster, images, async (send, [tag, { digest }]) => {
    const response = await send(`/v2/tags/manifests/${tag}`, { method: "HEAD" });
    assertEquals(response.headers.get("Docker-Content-Digest"), digest, tag);
  });
}

async function attachReferrers(cluster: Cluster): Promise<void> {
  const { mediaType, digest, size } = await pushImage(clientOf(cluster, 0), "referrers", "subject");
  const referrers = Array.from({ length: PUSHES }, (_, i) =>
    manifestOf({
      artifactType: "application/vnd.example.report",
      config: EMPTY_DESCRIPTOR,
      layers: [EMPTY_DESCRIPTOR],
      subject: { mediaType, digest, size },
      annotations: { "org.example.number": `${i}` },
    }));
  await forAll(cluster, referrers, (send, manifest) => pushManifest(send, "referrers", manifest));
  const expected = referrers.map(({ digest }) => digest).sort();
  for (const { manifests } of await everywhere(cluster, `/v2/referrers/referrers/${digest}`)) {
    assertEquals(manifests.map(({ digest }: { digest: string }) => digest).sort(), expected);
  }
}

/** Target of the tag, as its entity tag. */
async function pointsAt(send: Send): Promise<string> {
  const response = await send("/v2/moves/manifests/latest", { method: "HEAD" });
  assertEquals(response.status, 200);
  return response.headers.get("ETag") ?? "";
}

async function moveTag(cluster: Cluster): Promise<void> {
  const writers = Array.from({ length: PROCESSES }, (_, writer) => clientOf(cluster, writer));
  const repository = "moves";
  await pushBlob(writers[0]!, repository, EMPTY);
  const put = (send: Send, name: string, condition: Record<string, string>) =>
    putManifest(send, repository, "latest", imageOf(name), condition);

  const first = await Promise.all(writers.map(async (send, writer) => {
    const response = await put(send, `${writer}`, { "If-None-Match": "*" });
    await response.body?.cancel();
    return response.status;
  }));
  assertEquals(first.toSorted(), [201, ...Array(PROCESSES - 1).fill(412)]);
  const start = imageOf(`${first.indexOf(201)}`).digest;

  /** By what the tag pointed at before. */
  const moves = new Map<string, string>();
  let refused = 0;
  await Promise.all(writers.map(async (send, writer) => {
    for (let moved = 0; moved < MOVES;) {
      const before = await pointsAt(send);
      const response = await put(send, `${writer}-${moved}`, { "If-Match": before });
      await response.body?.cancel();
      if (response.status === 412) {
        refused++;
        continue;
      }
      assertEquals(response.status, 201);
      assertEquals(moves.has(before), false, `Two writers have moved the tag away from ${before}`);
      moves.set(before, `"${imageOf(`${writer}-${moved++}`).digest}"`);
    }
  }));
  console.log(`${moves.size} moves by If-Match, ${refused} refused`);

  const line = [`"${start}"`];
  for (let next = moves.get(line[0]!); next !== undefined; next = moves.get(next)) line.push(next);
  assertEquals(line.length, 1 + PROCESSES * MOVES);
  const latest = line.slice(-32).map((tag) => tag.slice(1, -1)).reverse();
  for (const history of await everywhere(cluster, `/v2/${repository}/_skerry/tags/history?tag=latest`)) {
    assertEquals(history.moves.map(({ digest }: { digest: string }) => digest), latest);
  }
}

Deno.test("eight processes that write to one repository at once", async (test) => {
  await using cluster = await startCluster({ replicas: PROCESSES });
  await test.step(`lose none of ${PUSHES} tags`, () => setTags(cluster));
  await test.step(`lose none of ${PUSHES} referrers of one subject`, () => attachReferrers(cluster));
  await test.step("move a tag by If-Match along one line", () => moveTag(cluster));
});
