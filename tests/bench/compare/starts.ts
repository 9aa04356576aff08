import { load } from "../load/mod.ts";
import { median } from "../figure.ts";
import { cpuOf, peakMemoryOf, residentMemoryOf } from "../server.ts";
import { type PeerName, PEERS, type Place, startPeer } from "./peers.ts";

const MIB = 1024 * 1024;

/** Milliseconds after the start until a registry counts as idle. */
const IDLE_MS = 2000;

/** Start and memory of a registry: medians, times in milliseconds and memory in MiB. */
export interface Start {
  /** From spawn to the first answer to `GET /v2/`. */
  readonly first: number;
  /** From spawn to the first answer that needs storage. */
  readonly storage: number;
  /** CPU time until then. */
  readonly cpu: number;
  /** Resident memory when it is idle. */
  readonly idle: number;
}

/** Starts each registry in turn, so many times, after once that does not count. */
export async function measureStarts(place: Place, rounds: number): Promise<Record<PeerName, Start>> {
  const starts: Record<PeerName, Start[]> = { skerry: [], zot: [], distribution: [] };
  for (let round = 0; round <= rounds; round++) {
    for (const name of PEERS) {
      const start = await measureStart(name, place);
      if (round > 0) starts[name].push(start);
    }
  }
  return byPeer((name) => middleOf(starts[name]));
}

async function measureStart(name: PeerName, place: Place): Promise<Start> {
  await using server = await startPeer(name, place);
  const began = performance.now();
  const response = await fetch(`http://127.0.0.1:${server.port}/v2/started/manifests/none`);
  await response.body?.cancel();
  if (response.status !== 404) throw new Error(`Expected 404 from ${name}, got ${response.status}`);
  const storage = server.startup + performance.now() - began;
  const cpu = await cpuOf(server);
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
  return { first: server.startup, storage, cpu, idle: await residentMemoryOf(server) };
}

function middleOf(starts: readonly Start[]): Start {
  const of = (key: keyof Start) => median(starts.map((start) => start[key]));
  return { first: of("first"), storage: of("storage"), cpu: of("cpu"), idle: of("idle") };
}

/** Largest resident memory in MiB of a new process that takes 32 new layers of 100 MiB at the same time. */
export async function measurePeaks(place: Place): Promise<Record<PeerName, number>> {
  const peaks = {} as Record<PeerName, number>;
  for (const name of PEERS) {
    await using server = await startPeer(name, place);
    const images = {
      size: 100 * MIB,
      layers: 1,
      count: 32,
      clients: 32,
      known: false,
      way: "docker",
    } as const;
    await load("pushImages", { port: server.port, prefix: "peak", ...images });
    peaks[name] = await peakMemoryOf(server);
  }
  return peaks;
}

function byPeer<T>(of: (name: PeerName) => T): Record<PeerName, T> {
  return Object.fromEntries(PEERS.map((name) => [name, of(name)])) as Record<PeerName, T>;
}
