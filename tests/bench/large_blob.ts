import { startRadosGw } from "../services/mod.ts";
import type { Figure } from "./figure.ts";
import { type Folder, makeFolder } from "./folder.ts";
import { load } from "./load/mod.ts";
import { type BenchStores, startBenchStores } from "./s3_stores.ts";
import { peakMemoryOf } from "./server.ts";
import { milliseconds } from "./text.ts";

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

const LARGE_BYTES = 12 * GIB;
const SMALL_BYTES = 64 * MIB;

const REPOSITORY = "bench/large";

/**
 * One very large blob up in one PATCH and down again, and what its commit costs beside that of a small one. Takes 14 GiB
 * of disk and some minutes, so the large one is pushed once, however many rounds there are.
 */
export async function largeBlob(rounds: number): Promise<Figure[]> {
  await using folder = await makeFolder();
  await using stores = await startStores(folder);
  await using subject = await stores.startSubject();
  const { port } = subject;
  const small: number[] = [];
  const commitSmall = async () => {
    small.push((await load("pushLarge", { port, repository: REPOSITORY, size: SMALL_BYTES })).commit);
  };
  await load("pushLarge", { port, repository: REPOSITORY, size: SMALL_BYTES }); // warms everything up
  for (let round = 0; round < rounds; round++) await commitSmall();
  const { digest, commit } = await load("pushLarge", { port, repository: REPOSITORY, size: LARGE_BYTES });
  const pushed = await peakMemoryOf(subject);
  for (let round = 0; round < rounds; round++) await commitSmall();
  const pulled = await load("pullDigest", { port, path: `/v2/${REPOSITORY}/blobs/${digest}` });
  if (pulled !== digest) throw new Error(`Expected ${digest} back, got ${pulled}`);
  return [{
    name: "12 GiB in one PATCH and back: resident memory",
    samples: [await peakMemoryOf(subject)],
    unit: "MiB",
    counts: "largest",
    target: { atMost: 256 },
    detail: `${pushed.toFixed(0)} MiB after the push`,
  }, {
    name: "commit of 12 GiB / of 64 MiB",
    samples: small.map((time) => commit / time),
    unit: "x",
    counts: "median",
    target: { atMost: 1.5 },
    detail: `${milliseconds([commit])}, ${milliseconds(small)}`,
  }];
}

/**
 * Ceph's S3 server: it only writes down which parts an object is made of. (versitygw copies them on most file systems.)
 * It keeps them on the disk here, since they are more than most machines have of memory.
 */
async function startStores(folder: Folder): Promise<BenchStores> {
  return await startBenchStores(() => startRadosGw({ disk: { folder: folder.path, size: 20 * GIB } }));
}
