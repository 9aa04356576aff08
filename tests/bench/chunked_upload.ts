import type { Figure } from "./figure.ts";
import { load } from "./load/mod.ts";
import type { ChunkTimes } from "./load/push.ts";
import { ratios } from "./rounds.ts";
import { startSubject } from "./subject.ts";
import { milliseconds } from "./text.ts";

const CHUNK = 64 * 1024;

/** Chunks of the short upload; the long one has twice as many. */
const COUNT = 1000;

/** How the time of an upload in many small chunks grows with its bytes. */
export async function chunkedUpload(rounds: number): Promise<Figure[]> {
  await using subject = await startSubject();
  const upload = (count: number, ranges: boolean): Promise<ChunkTimes> => {
    return load("chunks", { port: subject.port, repository: "bench/chunks", size: CHUNK, count, ranges });
  };
  const figures: Figure[] = [];
  for (const ranges of [true, false]) {
    const short: ChunkTimes[] = [];
    const long: ChunkTimes[] = [];
    await upload(COUNT, ranges);
    for (let round = 0; round < rounds; round++) {
      short.push(await upload(COUNT, ranges));
      long.push(await upload(2 * COUNT, ranges));
    }
    const name = `PATCHes of 64 KiB ${ranges ? "with" : "without"} Content-Range`;
    figures.push({
      name: `1,000 ${name}: second half / first half`,
      samples: ratios(short.map((times) => times.second), short.map((times) => times.first)),
      unit: "x",
      counts: "median",
      target: { atMost: 1.25 },
      detail: `${milliseconds(short.map((times) => times.first))}, ${
        milliseconds(short.map((times) => times.second))
      }, commit ${milliseconds(short.map((times) => times.commit))}`,
    }, {
      name: `2,000 ${name} / 1,000, with commit`,
      samples: ratios(long.map(total), short.map(total)),
      unit: "x",
      counts: "median",
      target: { atMost: 2.2 },
      detail: `${milliseconds(long.map(total))}, ${milliseconds(short.map(total))}`,
    });
  }
  return figures;
}

function total({ first, second, commit }: ChunkTimes): number {
  return first + second + commit;
}
