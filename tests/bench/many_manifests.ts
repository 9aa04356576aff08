import type { Figure } from "./figure.ts";
import { load } from "./load/mod.ts";
import { interleave, type Measure, ratios } from "./rounds.ts";
import { cpuOf, type Server } from "./server.ts";
import { startSubject } from "./subject.ts";
import { microseconds } from "./text.ts";

const MANIFESTS = 10_000;

/** Samples in each round: one alone is as much the machine's mood as the registry's. */
const SAMPLES = 3;

/** HEADs in one sample. */
const HEADS = 20_000;

const REPOSITORY = "bench/many";

/**
 * HEADs in a repository of many manifests, each of them asked for, beside the same in a repository of one. In CPU time,
 * which the client has no part in.
 */
export async function manyManifests(rounds: number): Promise<Figure[]> {
  await using large = await startSubject();
  await using small = await startSubject();
  const many = await load("populate", { port: large.port, repository: REPOSITORY, count: MANIFESTS });
  const one = await load("populate", { port: small.port, repository: REPOSITORY, count: 1 });
  const figures: Figure[] = [];
  for (const kind of ["blobs", "manifests"] as const) {
    const cpu = (server: Server, digests: string[]): Measure => {
      // Manifests by their tags: these are read from the table each time, as blobs are.
      const names = kind === "blobs" ? digests : digests.map((_, i) => `image-${i}`);
      const paths = names.map((name) => `/v2/${REPOSITORY}/${kind}/${name}`);
      return async () => {
        const before = await cpuOf(server);
        await load("head", { port: server.port, paths, count: HEADS });
        return (await cpuOf(server) - before) / HEADS;
      };
    };
    const times = await interleave(rounds * SAMPLES, {
      large: cpu(large, many[kind]),
      small: cpu(small, one[kind]),
    });
    figures.push({
      name: `HEAD ${kind.slice(0, -1)}: CPU among ${MANIFESTS.toLocaleString("en")} manifests / alone`,
      samples: ratios(times.large, times.small),
      unit: "x",
      counts: "median",
      target: { atMost: 1.2 },
      detail: `${microseconds(times.large)}, alone ${microseconds(times.small)}`,
    });
  }
  return figures;
}
