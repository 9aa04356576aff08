/**
 * Skerry beside zot and CNCF distribution on one machine: the tables of docs/performance.md, in Markdown. Linux only.
 *
 * ```sh
 * deno task bench compare --rounds=5                 # everything; more than an hour
 * deno task bench compare --only='1 MiB' --place=s3  # rows whose name matches, on S3
 * deno task bench compare --only=pull --workers=2    # pulls from two workers of Skerry
 * deno task bench compare --only=push --durable      # with a zot that syncs its files as well
 * ```
 *
 * @module
 */
import { startAwsStores } from "../../harness/aws_stores.ts";
import { tool } from "../../tools/tool.ts";
import { bundle } from "../../../bundle/mod.ts";
import { makeFolder } from "../folder.ts";
import type { Server } from "../server.ts";
import { countRequests, COUNTS } from "./counts.ts";
import { type PeerName, PEERS, type Place, type S3Place, startPeer } from "./peers.ts";
import { rowsNamed, warmUp } from "./rows.ts";
import { measure, type Services } from "./samples.ts";
import { measurePeaks, measureStarts } from "./starts.ts";
import { countTable, type Measured, rateTable, type StartRow, startTable } from "./tables.ts";

/** Name of the part of the comparison that starts processes. */
const STARTS = "start and memory";

/** Options of {@linkcode compare}. */
export interface CompareOptions {
  /** Samples of each row. */
  readonly rounds: number;
  /** Only rows and parts whose name contains it, and rows that they need. */
  readonly only?: string | undefined;
  /** `folder` or `s3`; both by default. */
  readonly place?: string | undefined;
  /** Workers of Skerry in the rows of requests; one process by default. */
  readonly workers?: number;
  /** True if zot syncs files before it acknowledges them, as the others do. */
  readonly durable?: boolean;
}

/** Measures, and prints each table when it is complete. */
export async function compare(
  { rounds, only = "", place, workers = 1, durable = false }: CompareOptions,
): Promise<void> {
  console.log(`${await machine()}\n`);
  const places = ["s3", "folder"].filter((name) => place === undefined || name === place);
  if (places.length === 0) throw new TypeError(`Cannot compare on "${place}": not "s3" or "folder"`);
  const starts: StartRow[] = [];
  for (const name of places) {
    await using stores = name === "s3" ? await startAwsStores() : undefined;
    const where: Place = stores === undefined ? "folder" : placeIn(stores);
    const services = stores === undefined ? [] : [stores.s3, stores.dynamoDb];
    const measured = await measureRows(where, name, { rounds, only, services, workers, durable });
    if (measured.length > 0) console.log(`## ${name}\n\n${rateTable(measured)}\n`);
    if (where !== "folder") {
      const counts = await countRequests(where, only);
      if (counts.length > 0) console.log(`## ${COUNTS}\n\n${countTable(counts)}\n`);
    }
    if (STARTS.includes(only)) {
      starts.push(...await startRows(name, where, rounds));
    }
  }
  if (starts.length > 0) console.log(`## ${STARTS}\n\n${startTable(starts)}\n`);
}

async function startRows(name: string, place: Place, rounds: number): Promise<StartRow[]> {
  await using folder = await makeFolder();
  const options = { place, rounds, bundle: `${folder.path}/bundle` };
  await bundle(options.bundle);
  const rows: StartRow[] = [
    { place: name, starts: await measureStarts(options), peaks: await measurePeaks(place) },
  ];
  if (place !== "folder") return rows;
  return [...rows, { place: "folder, with login", starts: await measureStarts({ ...options, login: true }) }];
}

function placeIn({ s3, bucket, env }: Awaited<ReturnType<typeof startAwsStores>>): S3Place {
  const { SKERRY_S3_PART_SIZE: _, ...settings } = env(); // The tests' part size is not the default.
  // It does, and no measurement has to wait for the check.
  return { s3: s3.endpoint, bucket, env: { ...settings, SKERRY_S3_VERIFIES_CONTENT: "on" } };
}

async function measureRows(
  place: Place,
  label: string,
  { rounds, only, services, ...peerOptions }:
    & Required<Pick<CompareOptions, "rounds" | "workers" | "durable">>
    & { only: string; services: Services },
): Promise<Measured[]> {
  const wanted = rowsNamed(only);
  if (wanted.length === 0) return [];
  await using stack = new AsyncDisposableStack();
  const servers = {} as Record<PeerName, Server>;
  for (const name of PEERS) {
    servers[name] = stack.use(await startPeer(name, place, peerOptions));
    await warmUp(servers[name], `${label}/warm-up`);
  }
  const measured: Measured[] = [];
  for (const [index, row] of wanted.entries()) {
    const samples = await measure(row, servers, { rounds, services, label: `${label}/row-${index}` });
    measured.push({ row, samples });
    console.error(`${label}: ${index + 1} of ${wanted.length} rows: ${row.name}, ${row.clients} clients`);
  }
  return measured;
}

/** Machine, versions and date. */
async function machine(): Promise<string> {
  const cpu = /^model name\s*: (.*)$/m.exec(await Deno.readTextFile("/proc/cpuinfo"))?.[1] ??
    "unknown processor";
  const { stdout } = await new Deno.Command(await tool("distribution"), { args: ["--version"] }).output();
  const distribution = new TextDecoder().decode(stdout).trim().split(" ").at(-1)?.replace("+unknown", "");
  const pins = await Deno.readTextFile(new URL("peers/zot/go.mod", import.meta.url));
  const zot = /zotregistry\.io\/zot (v\S+)/.exec(pins)?.[1];
  const day = new Date().toISOString().slice(0, 10);
  return `${day}; ${navigator.hardwareConcurrency} cores of ${cpu}; Deno ${Deno.version.deno}; zot ${zot}; distribution ${distribution}`;
}
