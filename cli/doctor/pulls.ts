import type { Finding } from "./finding.ts";
import { ACCEPT_MANIFESTS, type Image, pullScope } from "./image.ts";
import { Session, type SessionOptions, TRANSFER_LIMIT_MS } from "./session.ts";

/** Largest image that is pulled to measure, in bytes. */
const IMAGE_LIMIT_BYTES = 256 * 2 ** 20;

/** A client's way to pull. */
interface Client {
  /** Its name. */
  name: string;
  /** True if a connection serves several requests. */
  keepAlive: boolean;
  /** True if it begins with `/v2/`, and a token where the registry asks for one. */
  pings: boolean;
  /** True if it sends HEAD for the tag before it reads manifests by digest. */
  headsTag: boolean;
  /** Number of layers that it reads at the same time. */
  parallel: number;
  /** True if it reads the configuration before the layers. */
  configFirst: boolean;
}

/** Clients as they were observed: docker 20.10, podman 4.3, containerd 1.6. */
const CLIENTS: Client[] = [
  { name: "docker", keepAlive: false, pings: true, headsTag: true, parallel: 3, configFirst: false },
  { name: "podman", keepAlive: false, pings: true, headsTag: false, parallel: Infinity, configFirst: true },
  {
    name: "containerd",
    keepAlive: true,
    pings: false,
    headsTag: true,
    parallel: Infinity,
    configFirst: false,
  },
];

/** Pulls an image as docker, podman and containerd do. Reports rounds, each of which waits for the one before, and time. */
export async function measurePulls(
  options: SessionOptions,
  image: Image,
  now: () => number,
): Promise<Finding[]> {
  const bytes = image.blobs.reduce((sum, { size }) => sum + size, 0);
  if (bytes > IMAGE_LIMIT_BYTES) {
    const found =
      `"${image.repository}:${image.tag}" is larger than ${IMAGE_LIMIT_BYTES} bytes, and is not pulled`;
    return [{ check: "pulls", level: "note", found }];
  }
  const findings: Finding[] = [];
  for (const client of CLIENTS) findings.push(await measurePull(client, options, image, now));
  return findings;
}

async function measurePull(
  client: Client,
  options: SessionOptions,
  { repository, tag, manifests, blobs }: Image,
  now: () => number,
): Promise<Finding> {
  using session = new Session(options, client);
  const scope = pullScope(repository);
  const start = now();
  // containerd logs in only where the first request is refused.
  const login = await session.loginRounds(scope);
  let rounds = client.pings || login > 1 ? login : 0;
  const get = async (path: string, method = "GET") => {
    const headers = { Accept: ACCEPT_MANIFESTS };
    const response = await session.send(`/v2/${repository}/${path}`, {
      method,
      scope,
      headers,
      limitMs: TRANSFER_LIMIT_MS,
    });
    const location = response.headers.get("Location");
    for await (const _ of response.body ?? []);
    if (location === null || response.status < 300) return 1;
    const followed = await session.send(new URL(location, session.url), { limitMs: TRANSFER_LIMIT_MS });
    for await (const _ of followed.body ?? []);
    return 2;
  };
  if (client.headsTag) rounds += await get(`manifests/${tag}`, "HEAD");
  const [root, ...rest] = manifests;
  rounds += await get(`manifests/${client.headsTag ? root : tag}`);
  for (const digest of rest) rounds += await get(`manifests/${digest}`);
  for (const group of groupsOf(blobs.map(({ digest }) => `blobs/${digest}`), client)) {
    rounds += Math.max(...await Promise.all(group.map((path) => get(path))));
  }
  const connections = client.keepAlive ? "kept connections" : "a new connection for each request";
  return {
    check: `pull as ${client.name}`,
    level: "note",
    found: `${rounds} rounds, ${Math.round(now() - start)} ms, ${connections}`,
  };
}

/** Groups that a client reads one after the other. The configuration, which comes first, is none of the parallel layers. */
function groupsOf([config, ...layers]: string[], { parallel, configFirst }: Client): string[][] {
  const groups = configFirst ? [[config!]] : [];
  while (layers.length > 0) groups.push(layers.splice(0, parallel));
  if (!configFirst) groups[0] = [config!, ...groups[0] ?? []];
  return groups;
}
