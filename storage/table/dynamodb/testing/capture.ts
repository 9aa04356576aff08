import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { FetchHttpHandler } from "@smithy/fetch-http-handler";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

/** Region that requests are signed for. */
export const REGION = "us-east-1";

/** Credentials that they are signed with. */
export const CREDENTIALS = { accessKeyId: "AKIA", secretAccessKey: "secret", sessionToken: "session/+=" };

/** Source of {@linkcode CREDENTIALS}. */
export const credentials = () => Promise.resolve(CREDENTIALS);

/** Request as it has arrived. */
export interface Captured {
  method: string | undefined;
  url: string | undefined;
  headers: IncomingHttpHeaders;
  body: string;
}

/** Response that the server gives to every request; `undefined` closes the connection. */
export type Answer = { status?: number; headers?: Record<string, string>; body?: string } | undefined;

/** Starts a server that keeps the requests it gets. */
export async function startCapture(answer: (request: Captured) => Answer = () => ({ body: "{}" })) {
  const captured: Captured[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Uint8Array[] = await Array.fromAsync(request as AsyncIterable<Uint8Array<ArrayBuffer>>);
    const body = await new Blob(chunks as Uint8Array<ArrayBuffer>[]).text();
    const { method, url, headers } = request;
    const one = { method, url, headers, body };
    captured.push(one);
    const given = answer(one);
    if (given === undefined) return void response.socket?.destroy();
    response.writeHead(given.status ?? 200, {
      "content-type": "application/x-amz-json-1.0",
      "content-length": new TextEncoder().encode(given.body ?? "").length,
      ...given.headers,
    });
    response.end(given.body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    captured,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Client of the AWS SDK for the same service. */
export function sdkClient(endpoint: string): DynamoDBClient {
  return new DynamoDBClient({
    region: REGION,
    endpoint,
    credentials: CREDENTIALS,
    requestHandler: new FetchHttpHandler(),
    maxAttempts: 1,
  });
}

/** Input of an SDK command for the JSON of a request: binary values are bytes there. */
export function sdkInput(body: string) {
  return JSON.parse(
    body,
    (name, value) => name === "B" && typeof value === "string" ? Uint8Array.fromBase64(value) : value,
  );
}
