import { startCopy } from "./copy.ts";
import type { Figure } from "./figure.ts";
import { load } from "./load/mod.ts";
import { interleave, ratios } from "./rounds.ts";
import { startBenchStores } from "./s3_stores.ts";
import { perSecond } from "./text.ts";
import { requestRate } from "./wrk.ts";

const REPOSITORY = "bench/redirect";
const BLOB_BYTES = 1024 * 1024;

/** Samples in each round, as in `manifest_pull.ts`. */
const SAMPLES = 2;

/** Redirects of a blob beside a handler that always answers the same redirect. */
export async function redirects(rounds: number): Promise<Figure[]> {
  await using stores = await startBenchStores();
  // The reads of the table are no part of the comparison.
  await using subject = await stores.startSubject({ SKERRY_CACHE_AGE: "1h", SKERRY_DELIVERY: "redirect" });
  const blob = { mode: "put", size: BLOB_BYTES, count: 1, concurrent: false } as const;
  const [digest] = await load("push", { ...blob, port: subject.port, repository: REPOSITORY });
  const path = `/v2/${REPOSITORY}/blobs/${digest}`;
  await using bare = await startCopy(subject, path, 307);
  const rates = await interleave(rounds * SAMPLES, {
    subject: () => requestRate(subject, path),
    bare: () => requestRate(bare, path),
  });
  return [{
    name: "redirect of a blob: rate / bare handler",
    samples: ratios(rates.subject, rates.bare),
    unit: "x",
    counts: "median",
    target: { atLeast: 0.5 },
    detail: `${perSecond(rates.subject)}, bare ${perSecond(rates.bare)}`,
  }];
}
