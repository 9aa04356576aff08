import { load } from "../load/mod.ts";
import { median } from "../figure.ts";
import { ADMINISTRATOR, basic } from "../../harness/secured.ts";
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

/** A registry as it is started: Skerry from its sources or from its bundle, or a peer. */
export type Started = PeerName | "bundle";

/** In the order of the table. */
export const STARTED: readonly Started[] = ["skerry", "bundle", "zot", "distribution"];

/** Place of the content, and what else is told apart in a start. */
export interface StartOptions {
  readonly place: Place;
  /** Number of starts of each registry. */
  readonly rounds: number;
  /** Folder with Skerry's bundle. */
  readonly bundle: string;
  /** True if the registry asks for a name and a password. */
  readonly login?: boolean;
}

/** Starts each registry in turn, `rounds` times, after once that does not count. */
export async function measureStarts(options: StartOptions): Promise<Record<Started, Start>> {
  const starts: Record<Started, Start[]> = { skerry: [], bundle: [], zot: [], distribution: [] };
  for (let round = 0; round <= options.rounds; round++) {
    for (const name of STARTED) {
      const start = await measureStart(name, options);
      if (round > 0) starts[name].push(start);
    }
  }
  return Object.fromEntries(STARTED.map((name) => [name, middleOf(starts[name])])) as Record<Started, Start>;
}

async function measureStart(name: Started, { place, bundle, login = false }: StartOptions): Promise<Start> {
  await using server = name === "bundle"
    ? await startPeer("skerry", place, { login, script: `${bundle}/main.js` })
    : await startPeer(name, place, { login });
  const began = performance.now();
  const response = await fetch(`http://127.0.0.1:${server.port}/v2/started/manifests/none`, {
    headers: login ? { Authorization: basic(ADMINISTRATOR) } : {},
  });
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
