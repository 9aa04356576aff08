import { load } from "../load/mod.ts";
import type { Server } from "../server.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

/** Seconds of requests that only read metadata. */
const SECONDS = 1.5;

/** Tags of the repository that metadata is read from. */
const KNOWN_TAGS = 300;

/** Tags of a large repository. To push them takes zot minutes, because it writes all of them again for each one. */
const MANY_TAGS = 10_000;

/** Operations of one registry in one round. */
export interface Operations {
  /** Seconds that they took. */
  readonly seconds: number;
  /** Milliseconds of each. */
  readonly times: readonly number[];
}

/** Row of the comparison. */
export interface Row {
  readonly name: string;
  /** Clients at a time, each with a connection. */
  readonly clients: number;
  /** Row that must be measured before it. */
  readonly needs?: Row;
  /** Does the operations. `prefix` is a repository that nothing has been pushed to. */
  run(server: Server, prefix: string): Promise<Operations>;
}

/** A repository that all registries have, and the paths in it. */
interface Known {
  readonly manifest: string;
  readonly blob: string;
}

/** Name of the repository with this number of tags. */
const repositoryOf = (tags: number) => `known/${tags}-tags`;

/** All rows, in order. Reads find what is there already; pulls find what a push in the same round has left. */
function rows(): Row[] {
  return [...imageRows(), ...knownContentRows(), ...metadataRows(), ...manyTagsRows()];
}

/** Pushes the tags to each registry once. */
function pushedOnce(count: number): (server: Server) => Promise<Known> {
  const known = new Map<number, Promise<Known>>();
  return ({ port }) => {
    const pushed = known.get(port) ?? load("pushTags", { port, repository: repositoryOf(count), count });
    known.set(port, pushed);
    return pushed;
  };
}

/** Rows whose name contains the text, and those that they need. */
export function rowsNamed(text: string): Row[] {
  const all = rows();
  const named = new Set(all.filter(({ name }) => name.includes(text)));
  for (const { needs } of named) if (needs !== undefined) named.add(needs);
  return all.filter((row) => named.has(row));
}

/** Images of {@linkcode warmUp}. */
const WARMING_IMAGES = 300;

/** Pushes and pulls images until the registry, and the services that it shares with others, have compiled their code. */
export async function warmUp({ port }: Server, prefix: string): Promise<void> {
  const options = { port, way: "put" as const, size: 64 * KIB, clients: 8, layers: 1, known: false };
  const { paths } = await load("pushImages", { ...options, prefix, count: WARMING_IMAGES });
  const amount = { count: 10 * WARMING_IMAGES };
  await load("sendRequests", { port, method: "GET", status: 200, paths, clients: 8, amount });
}

function imageRows(): Row[] {
  return (["put", "docker"] as const).flatMap((way) =>
    IMAGES.flatMap(({ size, text, counts }) =>
      Object.entries(counts).flatMap(([clients, count]) =>
        pushAndPull(way, size, text, Number(clients), count)
      )
    )
  );
}

/** Sizes of a layer, with the number of images for each number of clients. */
const IMAGES = [
  { size: 64 * KIB, text: "64 KiB", counts: { 1: 30, 8: 100, 32: 100 } },
  { size: MIB, text: "1 MiB", counts: { 1: 20, 8: 60, 32: 60 } },
  { size: 10 * MIB, text: "10 MiB", counts: { 1: 6, 8: 16, 32: 32 } },
];

const WAYS = { put: "POST and PUT", docker: "HEAD, POST, PATCH, PUT" };

function pushAndPull(
  way: "put" | "docker",
  size: number,
  text: string,
  clients: number,
  count: number,
): Row[] {
  const pushed = new Map<number, string[]>();
  const push: Row = {
    name: `push an image of ${text}, ${WAYS[way]}`,
    clients,
    async run({ port }, prefix) {
      const { paths, ...done } = await load("pushImages", {
        ...{ port, prefix, way, size, clients, count },
        layers: 1,
        known: false,
      });
      pushed.set(port, paths);
      return done;
    },
  };
  const pull: Row = {
    name: `pull new blobs of ${text}, ${WAYS[way]}`,
    clients,
    needs: push,
    run: ({ port }) => {
      const paths = pushed.get(port)!;
      return load("sendRequests", {
        ...{ port, method: "GET", status: 200, paths, clients },
        amount: { count: paths.length },
      });
    },
  };
  return [push, pull];
}

function knownContentRows(): Row[] {
  return (["put", "docker"] as const).flatMap((way) =>
    [1, 8].map((clients): Row => ({
      name: `push an image whose layer of 1 MiB another repository has, ${WAYS[way]}`,
      clients,
      async run({ port }, prefix) {
        const options = { port, prefix, way, clients, size: MIB, layers: 1, count: 30, known: true };
        const { seconds, times } = await load("pushImages", options);
        return { seconds, times };
      },
    }))
  );
}

/** A request without a body. */
interface Read {
  readonly path: string;
  readonly method?: "HEAD";
  readonly status?: 404;
}

function metadataRows(): Row[] {
  const repository = repositoryOf(KNOWN_TAGS);
  const absent = `/v2/${repository}/blobs/sha256:${"0".repeat(64)}`;
  const pushed = pushedOnce(KNOWN_TAGS);
  const reads: [string, (known: Known) => Read][] = [
    ["GET a manifest by tag", () => ({ path: `/v2/${repository}/manifests/image-7` })],
    ["GET a manifest by digest", ({ manifest }) => ({ path: manifest })],
    ["GET a blob of 4 KiB", ({ blob }) => ({ path: blob })],
    ["HEAD a blob", ({ blob }) => ({ path: blob, method: "HEAD" })],
    ["HEAD an absent blob", () => ({ path: absent, method: "HEAD", status: 404 })],
    ...listsOf(KNOWN_TAGS),
  ];
  return reads.flatMap(([name, read]) => [1, 8, 32].map((clients) => readRow(name, clients, pushed, read)));
}

function manyTagsRows(): Row[] {
  const pushed = pushedOnce(MANY_TAGS);
  return listsOf(MANY_TAGS).map(([name, read]) => readRow(name, 1, pushed, read));
}

function listsOf(tags: number): [string, () => Read][] {
  const path = `/v2/${repositoryOf(tags)}/tags/list`;
  return [
    [`list ${tags} tags`, () => ({ path })],
    [`list 100 of ${tags} tags`, () => ({ path: `${path}?n=100` })],
  ];
}

function readRow(
  name: string,
  clients: number,
  pushed: (server: Server) => Promise<Known>,
  read: (known: Known) => Read,
): Row {
  return {
    name,
    clients,
    async run(server) {
      const { path, method = "GET", status = 200 } = read(await pushed(server));
      return await load("sendRequests", {
        port: server.port,
        method,
        paths: [path],
        status,
        amount: { seconds: SECONDS },
        clients,
      });
    },
  };
}
