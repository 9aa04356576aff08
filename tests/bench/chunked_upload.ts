import type { Figure } from "./figure.ts";
import { load } from "./load/mod.ts";
import type { ChunkTimes } from "./load/push.ts";
import { ratios } from "./rounds.ts";
import { startSubject } from "./subject.ts";
import { milliseconds } from "./text.ts";

const CHUNK_BYTES = 64 * 1024;

/** Chunks of the long upload; the short one has half as many. */
const CHUNKS = 1000;

/** Growth of the time of an upload in many small chunks with its bytes. */
export async function chunkedUpload(rounds: number): Promise<Figure[]> {
  await using subject = await startSubject();
  const upload = (count: number, ranges: boolean): Promise<ChunkTimes> => {
    return load("chunks", {
      port: subject.port,
      repository: "bench/chunks",
      size: CHUNK_BYTES,
      count,
      ranges,
    });
  };
  const figures: Figure[] = [];
  for (const ranges of [true, false]) {
    const short: ChunkTimes[] = [];
    const long: ChunkTimes[] = [];
    await upload(CHUNKS / 2, ranges);
    for (let round = 0; round < rounds; round++) {
      short.push(await upload(CHUNKS / 2, ranges));
      long.push(await upload(CHUNKS, ranges));
    }
    const name = `PATCHes of 64 KiB ${ranges ? "with" : "without"} Content-Range`;
    const [first, second, commit] = [
      long.map((times) => times.first),
      long.map((times) => times.second),
      long.map((times) => times.commit),
    ];
    figures.push({
      name: `1,000 ${name}: second half / first half`,
      samples: ratios(second, first),
      unit: "x",
      counts: "median",
      target: { atMost: 1.25 },
      detail: `${milliseconds(second)}, ${milliseconds(first)}`,
    }, {
      name: `1,000 ${name} and commit / 500`,
      samples: ratios(long.map(total), short.map(total)),
      unit: "x",
      counts: "median",
      target: { atMost: 2.2 },
      detail: `${milliseconds(long.map(total))}, ${milliseconds(short.map(total))}, commit ${
        milliseconds(commit)
      }`,
    });
  }
  return figures;
}

function total({ first, second, commit }: ChunkTimes): number {
  return first + second + commit;
}
