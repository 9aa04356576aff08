/**
 * Clients of a balancer that push and pull all the time, and count each request that fails.
 *
 * @module
 */

import { digestOf, imageOf } from "../harness/content.ts";
import { noise } from "../images/mod.ts";
import type { Balancer } from "../services/mod.ts";

/** Bytes of a layer: several pieces of a body, so that it is under way for a while. */
const LAYER_BYTES = 300_000;

/** Milliseconds of a client between two rounds. */
const PAUSE_MS = 1500;

/** Maximum milliseconds of a request. */
const REQUEST_LIMIT_MS = 60_000;

/** Connections of the clients, in turns: those of Go if the balancer offers HTTP/2, of old clients, and of docker. */
const connectionsTo = ({ http2 }: Balancer) => [
  { http2, http1: !http2 },
  { http2: false, http1: true },
  { http2: false, http1: true, poolMaxIdlePerHost: 0 },
];

/** Requests of all clients. */
export interface Tally {
  /** Number of requests by method. */
  readonly requests: Record<string, number>;
  /** Whole rounds of pushes and pulls. */
  rounds: number;
  /** A line for each request that failed. */
  readonly failures: string[];
}

/** Clients that are running. */
export interface Clients {
  readonly tally: Tally;
  /** Ends them after their current round. */
  end(): Promise<void>;
}

/** A request had no answer, or another one than the client needs to go on. */
class Failed extends Error {}

/** Starts `count` clients. None of them repeats a request. */
export function startClients(balancer: Balancer, count: number): Clients {
  const { url, certificate } = balancer;
  const connections = connectionsTo(balancer);
  const tally: Tally = { requests: {}, rounds: 0, failures: [] };
  let isOver = false;
  const clients = Array.from({ length: count }, async (_, index) => {
    using client = Deno.createHttpClient({
      caCerts: [certificate],
      ...connections[index % connections.length],
    });
    for (let round = 0; !isOver; round++) {
      try {
        await pushAndPull(new Caller(url, client, tally), `clients/${index}`, `${index}-${round}`);
        tally.rounds++;
      } catch (error) {
        if (!(error instanceof Failed)) throw error;
        tally.failures.push(error.message);
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  });
  const ended = Promise.all(clients);
  ended.catch(() => {}); // reported by `end`
  return {
    tally,
    async end() {
      isOver = true;
      await ended;
    },
  };
}

/** Sends requests and counts them. */
class Caller {
  readonly #url: string;
  readonly #client: Deno.HttpClient;
  readonly #tally: Tally;

  constructor(url: string, client: Deno.HttpClient, tally: Tally) {
    this.#url = url;
    this.#client = client;
    this.#tally = tally;
  }

  /** @throws {Failed} if the status is not the expected one, or the body does not arrive. */
  async send(expected: number, method: string, path: string, init: RequestInit = {}) {
    const { requests } = this.#tally;
    requests[method] = (requests[method] ?? 0) + 1;
    const began = new Date().toISOString();
    try {
      const signal = AbortSignal.timeout(REQUEST_LIMIT_MS);
      const response = await fetch(new URL(path, this.#url), {
        method,
        signal,
        client: this.#client,
        ...init,
      });
      const body = await response.bytes();
      if (response.status === expected) return { headers: response.headers, body };
      throw new Error(`status ${response.status}: ${new TextDecoder().decode(body).slice(0, 200)}`);
    } catch (error) {
      throw new Failed(`${began} ${method} ${path}: ${(error as Error).message}`, { cause: error });
    }
  }
}

/** Pushes an image, its layer in two chunks and its configuration in one request, pulls both, and deletes the image. */
async function pushAndPull(caller: Caller, repository: string, name: string): Promise<void> {
  const layer = noise(name, LAYER_BYTES);
  const digest = digestOf(layer);
  const at = `/v2/${repository}`;
  let location = (await caller.send(202, "POST", `${at}/blobs/uploads/`)).headers.get("Location")!;
  for (const [first, end] of [[0, LAYER_BYTES / 2], [LAYER_BYTES / 2, LAYER_BYTES]] as const) {
    const headers = { "Content-Range": `${first}-${end - 1}`, "Content-Type": "application/octet-stream" };
    const patch = await caller.send(202, "PATCH", location, { headers, body: layer.subarray(first, end) });
    location = patch.headers.get("Location")!;
  }
  await caller.send(201, "PUT", `${location}?digest=${digest}`);
  const config = new TextEncoder().encode(JSON.stringify({ name }));
  await caller.send(201, "POST", `${at}/blobs/uploads/?digest=${digestOf(config)}`, { body: config });

  const image = imageOf(name, {
    config: {
      mediaType: "application/vnd.oci.image.config.v1+json",
      digest: digestOf(config),
      size: config.length,
    },
    layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar", digest, size: layer.length }],
  });
  const headers = { "Content-Type": image.mediaType };
  await caller.send(201, "PUT", `${at}/manifests/latest`, { headers, body: image.bytes });
  await caller.send(200, "HEAD", `${at}/blobs/${digest}`);
  const manifest = await caller.send(200, "GET", `${at}/manifests/${image.digest}`);
  if (digestOf(manifest.body) !== image.digest) {
    throw new Failed(`GET of a manifest has other bytes: ${name}`);
  }
  const pulled = await caller.send(200, "GET", `${at}/blobs/${digest}`);
  if (digestOf(pulled.body) !== digest) throw new Failed(`GET of a layer has other bytes: ${name}`);
  await caller.send(202, "DELETE", `${at}/manifests/${image.digest}`);
}
