/**
 * Pushes to several processes that are killed again and again, and a receiver that refuses half of its events.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { Webhook } from "standardwebhooks";
import { digest, IMAGE, imageOf, utf8 } from "../harness/stores.ts";
import { type RegistryProcess, startRegistry } from "../harness/registry_process.ts";
import { seeded } from "../random.ts";

/** Options of {@linkcode runFaults}. */
export interface FaultOptions {
  /** Number of pushes, acknowledged or not. */
  pushes: number;
  /** Milliseconds between two kills. */
  killEvery: number;
  /** Milliseconds that the last events may take after the last push. */
  patience: number;
  /** Settings of the processes. */
  env?: Record<string, string>;
}

/** Counts of a run. */
export interface FaultReport {
  /** Acknowledged pushes. */
  acknowledged: number;
  /** Pushes without an answer. */
  unknown: number;
  /** Killed processes. */
  kills: number;
  /** Requests that the receiver accepted, and those that it refused. */
  accepted: number;
  refused: number;
  /** Different events that arrived. */
  events: number;
  /** Milliseconds from the last push to its events. */
  rest: number;
}

/** An event as it arrives. */
interface Arrival {
  id: string;
  type: string;
  data: { repository: string; tag?: string; digest: string; history?: string; number?: number };
}

const SECRET = `whsec_${btoa("0123456789abcdefghijklmn")}`;
const CONFIG = utf8("{}");
const PROCESSES = 3;
const CLIENTS = 6;
const REPOSITORIES = ["team/one", "team/two", "three"];
const TAGS = Array.from({ length: 12 }, (_, i) => `t${i}`);

/** A receiver that refuses half of its requests, and accepts only signed ones. */
class UnsteadyReceiver {
  /** First arrivals, in their order. */
  readonly events = new Map<string, Arrival>();
  accepted = 0;
  refused = 0;
  readonly #below: (n: number) => number;
  readonly #webhook = new Webhook(SECRET);
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor(below: (n: number) => number) {
    this.#below = below;
    const options = { hostname: "127.0.0.1", port: 0, onListen() {} };
    this.#server = Deno.serve(options, (request) => this.#answer(request));
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}/`;
  }

  async #answer(request: Request): Promise<Response> {
    const body = await request.text();
    this.#webhook.verify(body, Object.fromEntries(request.headers));
    if (this.#below(2) === 0) {
      this.refused++;
      return new Response("no", { status: 500 });
    }
    this.accepted++;
    const event: Arrival = JSON.parse(body);
    if (!this.events.has(event.id)) this.events.set(event.id, event);
    return new Response(null, { status: 204 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

/** A push: its target, and its answer. */
interface Push {
  name: string;
  state: "acknowledged" | "unknown" | "refused";
}

/**
 * Pushes beside kills, and waits for all events.
 *
 * @throws {AssertionError} if an event of an acknowledged push is missing, one is of no push, or those of a tag arrive in
 *   another order.
 */
export async function runFaults(
  { pushes, killEvery, patience, env = {} }: FaultOptions,
): Promise<FaultReport> {
  const below = seeded(20_261_128);
  await using receiver = new UnsteadyReceiver(below);
  const data = await Deno.makeTempDir({ prefix: "skerry-events-" });
  const settings = {
    ...env,
    SKERRY_LOG: "off",
    SKERRY_WEBHOOKS: JSON.stringify([{
      name: "unsteady",
      url: receiver.url,
      secrets: [SECRET],
      events: ["tag.*", "manifest.push"],
      allowPrivate: true,
      retry: Array(40).fill("300ms"),
    }]),
  };
  const start = (port?: number) =>
    startRegistry({ data, env: settings, ...(port !== undefined && { port }) });
  const processes = [await start()];
  while (processes.length < PROCESSES) processes.push(await start());
  try {
    for (const repository of REPOSITORIES) await pushConfig(processes[0]!, repository);
    let isOver = false;
    let kills = 0;
    const kill = async () => {
      while (!isOver) {
        await new Promise((resolve) => setTimeout(resolve, killEvery));
        if (isOver) return;
        const i = below(PROCESSES);
        const { port } = processes[i]!;
        await processes[i]!.kill();
        kills++;
        processes[i] = await start(port);
      }
    };
    const killing = kill();
    const done = await pushAll(pushes, { below, url: () => processes[below(PROCESSES)]!.url })
      .finally(() => isOver = true);
    await killing;
    const rest = await waitFor(done, receiver, patience);
    check(done, [...receiver.events.values()]);
    const count = (state: Push["state"]) => done.filter((push) => push.state === state).length;
    return {
      acknowledged: count("acknowledged"),
      unknown: count("unknown"),
      kills,
      accepted: receiver.accepted,
      refused: receiver.refused,
      events: receiver.events.size,
      rest,
    };
  } finally {
    for (const process of processes) await process[Symbol.asyncDispose]();
    await Deno.remove(data, { recursive: true });
  }
}

async function pushConfig({ url }: RegistryProcess, repository: string): Promise<void> {
  const target = `${url}/v2/${repository}/blobs/uploads/?digest=${digest(CONFIG)}`;
  const response = await fetch(target, { method: "POST", body: CONFIG });
  await response.body?.cancel();
  assertEquals(response.status, 201);
}

async function pushAll(
  pushes: number,
  { below, url }: { below: (n: number) => number; url: () => string },
): Promise<Push[]> {
  const done: Push[] = [];
  let next = 0;
  const client = async () => {
    while (next < pushes) {
      const number = next++;
      const bytes = imageOf(CONFIG, [], { annotations: { number: `${number}` } });
      const repository = REPOSITORIES[below(REPOSITORIES.length)]!;
      const tag = TAGS[below(TAGS.length)]!;
      const state = await put(`${url()}/v2/${repository}/manifests/${tag}`, bytes);
      done.push({ name: `${repository}:${tag} ${digest(bytes)}`, state });
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  return done;
}

async function put(url: string, body: Uint8Array<ArrayBuffer>): Promise<Push["state"]> {
  try {
    const response = await fetch(url, { method: "PUT", body, headers: { "Content-Type": IMAGE } });
    await response.body?.cancel();
    return response.status === 201 ? "acknowledged" : response.status < 500 ? "refused" : "unknown";
  } catch {
    // The process was killed, or has not started yet.
    await new Promise((resolve) => setTimeout(resolve, 20));
    return "unknown";
  }
}

/** Names of the arrived moves and pushes, as {@linkcode Push} has them. */
function arrivedOf(events: Iterable<Arrival>): { moves: Set<string>; pushes: Set<string> } {
  const [moves, pushes] = [new Set<string>(), new Set<string>()];
  for (const { type, data: { repository, tag, digest } } of events) {
    if (type === "skerry.manifest.push") pushes.add(`${repository} ${digest}`);
    else moves.add(`${repository}:${tag} ${digest}`);
  }
  return { moves, pushes };
}

const pushName = (name: string) => name.replace(/:\S+ /, " ");

/** Waits until everything that was acknowledged has arrived, or the patience is over. Answers the milliseconds. */
async function waitFor(done: Push[], { events }: UnsteadyReceiver, patience: number): Promise<number> {
  const began = performance.now();
  const acknowledged = done.filter(({ state }) => state === "acknowledged").map(({ name }) => name);
  while (performance.now() < began + patience) {
    const { moves, pushes } = arrivedOf(events.values());
    if (acknowledged.every((name) => moves.has(name) && pushes.has(pushName(name)))) break;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return Math.round(performance.now() - began);
}

function check(done: Push[], events: Arrival[]): void {
  const { moves, pushes } = arrivedOf(events);
  const acknowledged = done.filter(({ state }) => state === "acknowledged").map(({ name }) => name);
  assert(acknowledged.length > done.length / 2, `${acknowledged.length} of ${done.length} pushes succeeded`);
  assertEquals(acknowledged.filter((name) => !moves.has(name)), [], "acknowledged moves without an event");
  assertEquals(acknowledged.filter((name) => !pushes.has(pushName(name))), [], "pushes without an event");
  const possible = new Set(done.filter(({ state }) => state !== "refused").map(({ name }) => name));
  assertEquals([...moves].filter((name) => !possible.has(name)), [], "events of no push");
  const last = new Map<string, Arrival["data"]>();
  for (const { type, data } of events) {
    if (type === "skerry.manifest.push") continue;
    const tag = `${data.repository}:${data.tag}`;
    const before = last.get(tag);
    assertEquals(data.history, before?.history ?? data.history, `${tag} has one history`);
    assertEquals(data.number, (before?.number ?? 0) + 1, `${tag}: order and completeness of its moves`);
    last.set(tag, data);
  }
  assertEquals(last.size, REPOSITORIES.length * TAGS.length);
}
