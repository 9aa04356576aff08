import type { Figure } from "./figure.ts";
import { fewRounds } from "./rounds.ts";
import { peakMemoryOf } from "./server.ts";
import { startSubject } from "./subject.ts";

/** Requests of one client, and bytes that each announces. */
const REQUESTS = 300;
const BODY_BYTES = 4 * 1024 * 1024 - 1;

/** Bytes that each sends at the most: the last ones never come. */
const SENT = BODY_BYTES - 64 * 1024;

/** Milliseconds that the registry is watched for. */
const WATCHED_MS = 5000;

/** The most memory that the registry has resident while one client holds back the last bytes of many manifests. */
export async function heldBodies(rounds: number): Promise<Figure[]> {
  const samples: number[] = [];
  for (let round = 0; round < fewRounds(rounds); round++) {
    await using subject = await startSubject();
    const connections = await Promise.all(Array.from({ length: REQUESTS }, (_, i) => hold(subject.port, i)));
    await new Promise((resolve) => setTimeout(resolve, WATCHED_MS));
    samples.push(await peakMemoryOf(subject));
    for (const connection of connections) connection.close();
  }
  return [{
    name: `${REQUESTS} held PUTs of 4 MiB manifests: resident memory`,
    samples,
    unit: "MiB",
    counts: "largest",
    target: { atMost: 256 },
    detail: `of ${REQUESTS * 4} MiB that are announced`,
  }];
}

/** Sends all of a manifest but its end, as far as the registry takes it. */
async function hold(port: number, i: number): Promise<Deno.TcpConn> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const head = `PUT /v2/bench/held/manifests/tag-${i} HTTP/1.1\r\nHost: bench\r\n` +
    `Content-Type: application/vnd.oci.image.manifest.v1+json\r\nContent-Length: ${BODY_BYTES}\r\n\r\n`;
  await connection.write(new TextEncoder().encode(head));
  send(connection).catch(() => {}); // the registry refuses some, and in the end the connection is closed
  return connection;
}

async function send(connection: Deno.TcpConn): Promise<void> {
  const spaces = new Uint8Array(64 * 1024).fill(0x20);
  for (let sent = 0; sent < SENT;) sent += await connection.write(spaces.subarray(0, SENT - sent));
}
