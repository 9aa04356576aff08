import { Buffer } from "node:buffer";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A request for DynamoDB on its way. */
export interface Intercepted {
  /** As in `GetItem`. */
  operation: string;
  /** Which request of that operation it is, from 1. */
  nth: number;
  /** The body. */
  // deno-lint-ignore no-explicit-any -- whatever the operation takes; each test knows its own
  input: any;
  /** When it was signed, as in `20261124T031200Z`. */
  signedAt: string;
  /** Resolves when the client has disconnected. */
  gone: Promise<void>;
  /** Has DynamoDB do it, with another body if one is given. */
  forward(input?: unknown): Promise<Response>;
}

/** Answers a request; with nothing the connection breaks in the middle of an answer. */
export type Intercept = (request: Intercepted) => Promise<Response | undefined>;

/** Something between a driver and DynamoDB. */
export interface Interceptor extends AsyncDisposable {
  /** URL that it listens at. */
  endpoint: string;
  /** Number of requests, by operation. */
  counts: Record<string, number>;
}

/** Starts one in front of `target`; it forwards everything where there is no `intercept`. */
export async function startInterceptor(
  target: string,
  intercept: Intercept = ({ forward }) => forward(),
): Promise<Interceptor> {
  const counts: Record<string, number> = {};
  // Not `Deno.serve`, which complains aloud of an answer that ends in the middle.
  const server = createServer(async (request, response) => {
    const gone = new Promise<void>((resolve) => response.once("close", resolve));
    const body = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Uint8Array>)).toString();
    const names = ["content-type", "x-amz-target", "x-amz-date", "authorization"];
    const headers = names.map((name): [string, string] => [name, String(request.headers[name])]);
    async function forward(changed?: unknown): Promise<Response> {
      const sent = changed === undefined ? body : JSON.stringify(changed);
      const answer = await fetch(target, { method: "POST", headers, body: sent });
      return new Response(await answer.bytes(), { status: answer.status, headers: answer.headers });
    }
    const operation = String(request.headers["x-amz-target"]).split(".")[1] ?? "";
    const signedAt = String(request.headers["x-amz-date"]);
    const input = JSON.parse(body);
    const nth = counts[operation] = (counts[operation] ?? 0) + 1;
    await respond(response, await intercept({ operation, nth, input, signedAt, gone, forward }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    counts,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function respond(response: ServerResponse, answer: Response | undefined): Promise<void> {
  if (answer === undefined) {
    response.writeHead(200, { "Content-Type": "application/x-amz-json-1.0", "Content-Length": 100 });
    response.write("{", () => response.socket?.destroy());
    return;
  }
  const body = await answer.bytes();
  response.writeHead(answer.status, { ...Object.fromEntries(answer.headers), "content-length": body.length });
  response.end(body);
}

/** Answer of DynamoDB for a refused request. */
export function refusal(name: string, status = 400): Response {
  return Response.json({ __type: `com.amazonaws.dynamodb.v20120810#${name}`, message: "Not now" }, {
    status,
  });
}
