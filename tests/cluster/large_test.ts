/** A blob far larger than what a process may hold; `deno task bench large-blob` pushes one of 12 GiB. */
import { assertEquals, assertLessOrEqual } from "@std/assert";
import { load } from "../bench/load/mod.ts";
import { peakMemoryOf } from "../bench/server.ts";
import { startCluster } from "../harness/cluster.ts";

const MIB = 1024 * 1024;

Deno.test("a blob of 1 GiB goes up in one PATCH and down again within 256 MiB of memory", async () => {
  await using cluster = await startCluster({ replicas: 1, env: { SKERRY_S3_PART_SIZE: `${16 * MIB}` } });
  const [replica] = cluster.replicas;
  const { port } = replica!;
  const { digest } = await load("pushLarge", { port, repository: "large", size: 1024 * MIB });
  assertEquals(await load("pullDigest", { port, path: `/v2/large/blobs/${digest}` }), digest);
  const peak = await peakMemoryOf(replica!);
  console.log(`${peak.toFixed(0)} MiB at most`);
  assertLessOrEqual(peak, 256);
});
