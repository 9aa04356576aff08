import type { Counts } from "./counts.ts";
import { type PeerName, PEERS } from "./peers.ts";
import type { Row } from "./rows.ts";
import { mediansOf, ratioOf, type Sample, type Samples } from "./samples.ts";
import { type Start, STARTED, type Started } from "./starts.ts";

/** Names in the heads of the tables. */
const TITLES: Record<PeerName, string> = { skerry: "Skerry", zot: "zot", distribution: "distribution" };

/** A row and its samples. */
export interface Measured {
  readonly row: Pick<Row, "name" | "clients">;
  readonly samples: Samples;
}

/**
 * Table of rates. A cell is: operations per second, p50 / p99 in milliseconds, CPU milliseconds of the registry + of S3 and
 * DynamoDB for each operation. A ratio is Skerry's rate, or CPU time, divided by the other one's: medians of the rounds.
 */
export function rateTable(measured: readonly Measured[]): string {
  const others = ["zot", "distribution"] as const;
  const head = [
    "operation",
    "clients",
    ...PEERS.map((name) => TITLES[name]),
    ...others.map((name) => `rate to ${TITLES[name]}`),
    ...others.map((name) => `CPU to ${TITLES[name]}`),
  ];
  return table(
    head,
    measured.map(({ row, samples }) => [
      row.name,
      `${row.clients}`,
      ...PEERS.map((name) => rateCell(mediansOf(samples[name]))),
      ...others.map((name) => ratioCell(ratioOf("rate", samples.skerry, samples[name]))),
      ...others.map((name) => ratioCell(ratioOf("cpu", samples.skerry, samples[name]))),
    ]),
  );
}

function rateCell({ rate, p50, p99, cpu, services }: Sample): string {
  return `${short(rate)}/s, ${short(p50)} / ${short(p99)}, ${short(cpu)} + ${short(services)}`;
}

function ratioCell(ratio: number): string {
  return Number.isFinite(ratio) ? ratio.toFixed(2) : "-";
}

/** Three digits. */
function short(value: number): string {
  return value >= 100 ? value.toFixed(0) : `${Number(value.toPrecision(3))}`;
}

/** Table of requests. A cell is: requests to S3 / to DynamoDB, MB to S3 / from S3, requests in sequence. */
export function countTable(counts: Counts): string {
  return table(
    ["operation", ...PEERS.map((name) => TITLES[name])],
    counts.map(({ name, counts }) => [
      name,
      ...PEERS.map((peer) => {
        const { s3, table, inSequence } = counts[peer];
        return `${s3.requests} / ${table.requests}, ${megabytes(s3.sent)} / ${
          megabytes(s3.received)
        }, ${inSequence}`;
      }),
    ]),
  );
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}

/** Starts of all registries on one kind of content, and their memory where it was measured. */
export interface StartRow {
  readonly place: string;
  readonly starts: Record<Started, Start>;
  readonly peaks?: Record<PeerName, number>;
}

/** Table of starts, in milliseconds, and of memory, in MiB. */
export function startTable(rows: readonly StartRow[]): string {
  const head = [
    "registry",
    "content",
    "first answer",
    "from storage",
    "CPU until then",
    "idle",
    "32 pushes of 100 MiB",
  ];
  return table(
    head,
    rows.flatMap(({ place, starts, peaks }) =>
      STARTED.map((name) => {
        const { first, storage, cpu, idle } = starts[name];
        const [title, peak] = name === "bundle"
          ? ["Skerry, bundled", undefined]
          : [TITLES[name], peaks?.[name]];
        return [
          title,
          place,
          ...[first, storage, cpu, idle, peak].map((value) => value?.toFixed(0) ?? "-"),
        ];
      })
    ),
  );
}

function table(head: readonly string[], rows: readonly string[][]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
