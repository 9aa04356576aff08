import { startCopy } from "./copy.ts";
import type { Figure } from "./figure.ts";
import { load } from "./load/mod.ts";
import { interleave, ratios } from "./rounds.ts";
import { startSubject } from "./subject.ts";
import { perSecond } from "./text.ts";
import { requestRate } from "./wrk.ts";

/** Samples in each round: many short ones tell more than few long ones where something else runs beside. */
const SAMPLES = 2;

/** Manifest GETs beside a handler that always answers the same bytes with the same headers. */
export async function manifestPull(rounds: number): Promise<Figure[]> {
  await using subject = await startSubject();
  const { manifests } = await load("populate", { port: subject.port, repository: "bench/image", count: 1 });
  const base = "/v2/bench/image/manifests";
  const paths = { "by digest": `${base}/${manifests[0]}`, "by tag": `${base}/image-0` };
  const figures: Figure[] = [];
  for (const [name, path] of Object.entries(paths)) {
    await using bare = await startCopy(subject, path);
    const rates = await interleave(rounds * SAMPLES, {
      subject: () => requestRate(subject, path),
      bare: () => requestRate(bare, path),
    });
    figures.push({
      name: `manifest GET ${name}: rate / bare handler`,
      samples: ratios(rates.subject, rates.bare),
      unit: "x",
      counts: "median",
      target: { atLeast: 0.8 },
      detail: `${perSecond(rates.subject)}, bare ${perSecond(rates.bare)}`,
    });
  }
  return figures;
}
