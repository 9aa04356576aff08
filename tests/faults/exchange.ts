import { Half } from "./half.ts";
import { parseResponseHead, type RequestHead, type ResponseHead } from "./head.ts";
import type { Fate } from "./plan.ts";
import { errorResponse } from "./store_error.ts";
import { Broken, isBroken, type Wire } from "./wire.ts";

/** Destination of a response. */
interface Sink {
  head(head: ResponseHead): Promise<void>;
  body(piece: Uint8Array): Promise<void>;
}

/** One request on its way from a client to the store. */
export interface Exchange {
  readonly client: Wire;
  readonly request: RequestHead;
  /** The connection to the store, made when it is first asked for. */
  readonly store: () => Promise<Wire>;
  /** Waits as long as a delay takes. */
  readonly delay: () => Promise<void>;
}

/** Bytes of the longest body that is kept to be sent again; a longer one is passed on once. */
const MAX_REPEATED_BYTES = 64 * 1024 * 1024;

/**
 * Passes a request on and its response back, with what befalls them.
 *
 * @returns Whether both connections may be used again.
 * @throws {Broken} where the connections have to be closed.
 */
export async function exchange(parts: Exchange, fate: Fate): Promise<boolean> {
  const { client, request } = parts;
  switch (fate) {
    case "delay":
      await parts.delay();
      return await relay(parts, toClient(client));
    case "pass":
      return await relay(parts, toClient(client));
    case "refuse":
      throw new Broken("Refused on purpose");
    case "hang":
      return await hang(parts);
    case "error-500":
    case "error-503":
    case "throttle":
      // A client that waits for a 100 may send its body now or not, so the connection is of no more use.
      if (!request.headers.has("expect")) await drain(client.pieces(request.framing));
      await client.write(errorResponse(request, fate));
      return request.keepsAlive && !request.headers.has("expect");
    case "cut-request":
      return await sendHalf(parts);
    case "cut-response":
      return await relay(parts, halfToClient(client));
    case "drop-response":
      await relay(parts, nowhere());
      throw new Broken("The response was dropped on purpose");
    case "repeat":
      return await repeat(parts);
  }
}

async function hang({ client, request }: Exchange): Promise<never> {
  await drain(client.pieces(request.framing));
  await client.readHead(); // ends when the client closes, or the proxy cuts
  throw new Broken("Nothing was answered on purpose");
}

async function sendHalf({ client, request, store }: Exchange): Promise<never> {
  const wire = await store();
  const half = new Half(request.framing);
  await wire.write(half.ofHead(request.bytes));
  for await (const piece of client.pieces(request.framing)) {
    await wire.write(half.ofBody(piece));
    if (half.reached) break;
  }
  throw new Broken("The request was cut on purpose");
}

async function repeat(parts: Exchange): Promise<boolean> {
  const { client, request } = parts;
  const body: Uint8Array[] = [];
  for await (const piece of client.pieces(request.framing)) body.push(piece.slice());
  const reusable = await relay(parts, nowhere(), body);
  if (!reusable) (await parts.store()).close(); // the next one is another
  return await relay(parts, toClient(client), body);
}

/** True if {@linkcode exchange} can repeat the request: it keeps its body, and the client may wait for a 100. */
export function isRepeatable({ framing, headers }: RequestHead): boolean {
  return typeof framing === "object" && framing.length <= MAX_REPEATED_BYTES && !headers.has("expect");
}

/** Sends the request and receives the response at the same time, since a store may answer before it has all. */
async function relay(parts: Exchange, sink: Sink, body?: Iterable<Uint8Array>): Promise<boolean> {
  const { client, request } = parts;
  const store = await parts.store();
  const sending = send(request, body ?? client.pieces(request.framing), store);
  const receiving = receive(request, store, sink);
  try {
    const [, reusable] = await Promise.all([sending, receiving]);
    return reusable && request.keepsAlive;
  } catch (error) {
    client.close();
    store.close();
    await Promise.allSettled([sending, receiving]);
    throw error;
  }
}

async function send(
  request: RequestHead,
  body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  store: Wire,
): Promise<void> {
  let listens = true;
  const write = async (bytes: Uint8Array): Promise<void> => {
    if (!listens) return;
    try {
      await store.write(bytes);
    } catch (error) {
      // It may have answered already and hung up; then the client's body goes nowhere and the answer counts.
      if (!isBroken(error)) throw error;
      listens = false;
    }
  };
  await write(request.bytes);
  for await (const piece of body) await write(piece);
}

/** Answers whether the store keeps its connection. */
async function receive(request: RequestHead, store: Wire, sink: Sink): Promise<boolean> {
  for (;;) {
    const bytes = await store.readHead();
    if (bytes === undefined) throw new Broken("The store closed the connection without a response");
    const head = parseResponseHead(bytes, request.method);
    await sink.head(head);
    if (head.status < 200) continue; // 100 Continue
    for await (const piece of store.pieces(head.framing)) await sink.body(piece);
    return head.keepsAlive;
  }
}

function toClient(client: Wire): Sink {
  return {
    head: ({ bytes }) => client.write(bytes),
    body: (piece) => client.write(piece),
  };
}

function nowhere(): Sink {
  return { head: () => Promise.resolve(), body: () => Promise.resolve() };
}

function halfToClient(client: Wire): Sink {
  let half: Half;
  const stop = (): void => {
    if (half.reached) throw new Broken("The response was cut on purpose");
  };
  return {
    async head({ bytes, status, framing }) {
      if (status < 200) return await client.write(bytes);
      half = new Half(framing);
      await client.write(half.ofHead(bytes));
      stop();
    },
    async body(piece) {
      await client.write(half.ofBody(piece));
      stop();
    },
  };
}

async function drain(pieces: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of pieces);
}
