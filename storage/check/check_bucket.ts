import { MIN_PART_BYTES, S3ObjectStore, type S3Options } from "../objects/s3/mod.ts";
import { makeClient } from "../objects/s3/sdk.ts";
import { objectProbes, type ObjectSubject, removeProbes } from "./object_probes.ts";
import { type Finding, type Probe, tryAll } from "./probe.ts";
import { s3Probes, type S3Subject } from "./s3_probes.ts";

/** Timeout of one probe, in milliseconds. */
const PROBE_TIMEOUT_MS = 15_000;

const PROBES: Probe<ObjectSubject & S3Subject>[] = [
  ...objectProbes,
  ...s3Probes,
  {
    capability: "clean up",
    otherwise: "Test objects remain under probe/",
    run: removeProbes,
  },
];

/** Tries the bucket with a few tiny objects and one part of 5 MiB, under a prefix of their own. */
export async function checkBucket(options: S3Options): Promise<Finding[]> {
  const prefix = `probe/${crypto.randomUUID()}/`;
  const objects = await S3ObjectStore.open({
    ...options,
    partSize: MIN_PART_BYTES,
    deadline: PROBE_TIMEOUT_MS,
  });
  const client = makeClient(options);
  const keyPrefix = (options.prefix ?? "") + prefix;
  try {
    return await tryAll(PROBES, { objects, prefix, client, bucket: options.bucket, keyPrefix });
  } finally {
    client.destroy();
  }
}
