import type { Figure } from "./figure.ts";
import { load } from "./load/mod.ts";
import { interleave, ratios } from "./rounds.ts";
import { startSubject } from "./subject.ts";
import { perSecond } from "./text.ts";
import { requestRate } from "./wrk.ts";

const MANY = 10_000;

/** HEADs in a repository of many manifests beside the same in a repository of one. */
export async function manyManifests(rounds: number): Promise<Figure[]> {
  // Without what is remembered between requests, so that each one asks the stores.
  const settings = { SKERRY_CACHE_AGE: "0" };
  await using large = await startSubject({ settings });
  await using small = await startSubject({ settings });
  const repository = "bench/many";
  const many = await load("populate", { port: large.port, repository, count: MANY });
  const one = await load("populate", { port: small.port, repository, count: 1 });
  const figures: Figure[] = [];
  for (const kind of ["blobs", "manifests"] as const) {
    const paths = (digests: string[]) => digests.map((digest) => `/v2/${repository}/${kind}/${digest}`);
    const rates = await interleave(rounds, {
      large: () => requestRate(large, paths(many[kind]), "HEAD"),
      small: () => requestRate(small, paths(one[kind]), "HEAD"),
    });
    figures.push({
      name: `HEAD ${kind.slice(0, -1)}: time among ${MANY.toLocaleString("en")} manifests / alone`,
      samples: ratios(rates.small, rates.large),
      unit: "x",
      counts: "median",
      target: { atMost: 1.2 },
      detail: `${perSecond(rates.large)}, alone ${perSecond(rates.small)}`,
    });
  }
  return figures;
}
