import { Door } from "./door.ts";
import { type Exchange, exchange, isRepeatable } from "./exchange.ts";
import { parseRequestHead, type RequestHead } from "./head.ts";
import { type Fate, type Fault, FAULTS, Plan, RANDOM_FAULTS, type Step } from "./plan.ts";
import { Broken, isBroken, type Traffic, Wire } from "./wire.ts";

/** Options of {@linkcode startFaultProxy}. */
export interface FaultProxyOptions {
  /** `http://127.0.0.1:port` of the store. */
  readonly upstream: string;
  /** The TCP port to listen on, a free one by default. */
  readonly port?: number;
  /** From 0 to 1: how likely a fault is when no script says what happens. 0 by default. */
  readonly rate?: number;
  /** Those that come by chance, each as likely as any other; all but "hang" by default. */
  readonly faults?: readonly Fault[];
  /** For the dice; by default another one each time. It is printed when they are first thrown. */
  readonly seed?: number;
  /** Milliseconds that a delay is shorter than, 500 by default. */
  readonly longestDelay?: number;
  /** Called for each request before its fate comes over it; a promise delays the fate. */
  readonly onRequest?: (request: RequestHead, fate: Fate) => unknown;
}

/** A running proxy. Disposing of it cuts all connections. */
export interface FaultProxy extends AsyncDisposable {
  /** `http://127.0.0.1:port`, for the users of the store. */
  readonly url: string;
  readonly seed: number;
  /** From 0 to 1; may be changed at any time. */
  rate: number;
  /** While it is true the proxy does not listen: a change to true cuts connections, and new ones are refused. */
  down: boolean;
  /** Requests by what happened to them; "pass" for nothing. */
  readonly counts: Readonly<Record<Fate, number>>;
  /** Bytes on the connections to the store. */
  readonly traffic: Readonly<Traffic>;
  /** Steps of the script that no request has taken yet. */
  readonly stepsLeft: number;
  /** Says what happens to the next requests, one step for each; chance comes back after the last one. */
  script(steps: readonly Step[]): void;
  /** Breaks all connections as they are. */
  cut(): void;
}

/** Milliseconds that an idle connection to the store is used again within; a store closes none that early. */
const MAX_IDLE_MS = 1000;

/** Starts a proxy on the loopback interface that passes HTTP/1.1 on byte for byte, but for the faults. */
export function startFaultProxy(options: FaultProxyOptions): FaultProxy {
  const { rate = 0, faults = RANDOM_FAULTS, longestDelay = 500 } = options;
  const plan = new Plan({
    seed: options.seed ?? crypto.getRandomValues(new Uint32Array(1))[0]!,
    rate,
    faults,
  });
  const counts = Object.fromEntries(["pass", ...FAULTS].map((fate) => [fate, 0])) as Record<Fate, number>;
  const traffic: Traffic = { sent: 0, received: 0 };
  const wires = new Set<Wire>();
  const serving = new Set<Promise<void>>();
  const bugs: unknown[] = [];
  let cutting = new AbortController();
  const door = new Door(options.port ?? 0, (connection) => track(serve(opened(connection))));

  function track(work: Promise<void>): void {
    const done = work.catch((error) => {
      if (!isBroken(error)) bugs.push(error);
    }).finally(() => serving.delete(done));
    serving.add(done);
  }

  function opened(connection: Deno.TcpConn, counted?: Traffic): Wire {
    const wire = new Wire(connection, counted);
    wires.add(wire);
    return wire;
  }

  async function serve(client: Wire): Promise<void> {
    let store: Wire | undefined;
    let usedAt = 0;
    const connect = async (): Promise<Wire> => {
      if (store !== undefined && (store.closed || Date.now() - usedAt > MAX_IDLE_MS)) store = closed(store);
      const { hostname, port } = new URL(options.upstream);
      store ??= opened(await Deno.connect({ hostname, port: Number(port || 80) }), traffic);
      if (client.closed) throw new Broken("The connections were cut meanwhile");
      usedAt = Date.now();
      return store;
    };
    const delay = () => pause(plan.delay(longestDelay), cutting.signal);
    try {
      for (;;) {
        const head = await client.readHead();
        if (head === undefined) return;
        const parts: Exchange = { client, request: parseRequestHead(head), store: connect, delay };
        const keeps = await exchange(parts, await fateOf(parts.request));
        usedAt = Date.now();
        if (!keeps) return;
      }
    } finally {
      closed(client);
      if (store !== undefined) closed(store);
    }
  }

  async function fateOf(request: RequestHead): Promise<Fate> {
    const drawn = plan.next(request);
    const fate = drawn === "repeat" && !isRepeatable(request) ? "pass" : drawn;
    counts[fate]++;
    await options.onRequest?.(request, fate);
    return fate;
  }

  function closed(wire: Wire): undefined {
    wire.close();
    wires.delete(wire);
  }

  function cut(): void {
    cutting.abort();
    cutting = new AbortController();
    for (const wire of wires) closed(wire);
  }

  return {
    url: `http://127.0.0.1:${door.port}`,
    seed: plan.seed,
    counts,
    traffic,
    get rate() {
      return plan.rate;
    },
    set rate(rate) {
      plan.rate = rate;
    },
    get down() {
      return !door.open;
    },
    set down(down) {
      door.open = !down;
      if (down) cut();
    },
    get stepsLeft() {
      return plan.stepsLeft;
    },
    script: (steps) => plan.script(steps),
    cut,
    async [Symbol.asyncDispose]() {
      await door.close();
      cut();
      while (serving.size > 0) await Promise.all(serving);
      if (bugs.length > 0) throw new AggregateError(bugs, "The proxy itself failed");
    },
  };
}

/** Waits, no longer than until the signal. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener("abort", end);
  });
}
