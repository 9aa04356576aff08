import { assertEquals } from "@std/assert";
import {
  GetBucketLifecycleConfigurationCommand,
  GetPublicAccessBlockCommand,
  type LifecycleRule,
  PutBucketLifecycleConfigurationCommand,
  PutPublicAccessBlockCommand,
} from "@aws-sdk/client-s3";
import { type Operation, startS3 } from "../../tests/s3/mod.ts";
import { s3Client } from "../../tests/services/mod.ts";
import { type BucketStepOptions, bucketSteps } from "./bucket_steps.ts";
import { takeSteps } from "./step.ts";

/** The requests that change something. */
const WRITES: Operation[] = ["CreateBucket", "PutPublicAccessBlock", "PutBucketLifecycleConfiguration"];

interface Scene {
  options: BucketStepOptions;
  /** Takes the steps, and answers the first word of each line. */
  take: (dryRun?: boolean) => Promise<string>;
  /** Which writes were made since the last time, and how many. */
  writes: () => string[];
  lines: string[];
}

/** Runs `test` with a server that has no bucket of the name that is asked for, but one that is called "skerry". */
async function withServer(
  test: (scene: Scene) => Promise<void>,
  { bucket = "layers", prefix = "registry/", atAws = true } = {},
): Promise<void> {
  await using s3 = await startS3();
  const options = { client: s3Client(s3.endpoint), bucket, prefix, region: s3.region, atAws };
  const lines: string[] = [];
  await test({
    options,
    lines,
    async take(dryRun = false) {
      lines.length = 0;
      await takeSteps(bucketSteps(options), dryRun, (line) => lines.push(line));
      return lines.map((line) => line.split(" ")[0]).join(" ");
    },
    writes() {
      const made = WRITES.flatMap((name) => Array<string>(s3.requests[name] ?? 0).fill(name));
      s3.reset();
      return made;
    },
  });
}

async function rulesOf({ client, bucket }: BucketStepOptions): Promise<LifecycleRule[]> {
  return (await client.send(new GetBucketLifecycleConfigurationCommand({ Bucket: bucket }))).Rules ?? [];
}

async function putRules({ client, bucket }: BucketStepOptions, Rules: LifecycleRule[]): Promise<void> {
  const LifecycleConfiguration = { Rules };
  await client.send(new PutBucketLifecycleConfigurationCommand({ Bucket: bucket, LifecycleConfiguration }));
}

Deno.test("bucketSteps() make a bucket once, and nothing at all in a dry run", async () => {
  await withServer(async ({ take, writes }) => {
    assertEquals(await take(true), "would would would exists");
    assertEquals(writes(), []);
    assertEquals(await take(), "done done done exists");
    assertEquals(writes(), WRITES);
    assertEquals(await take(), "exists exists exists exists");
    assertEquals(writes(), []);
  });
});

Deno.test("bucketSteps() block public access, and keep existing blocks", async () => {
  const policies = { BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true };
  for (
    const [atAws, before, after] of [
      [true, {}, { ...policies, BlockPublicAcls: true }],
      // Ceph takes no object any more where it should refuse ACLs.
      [false, {}, policies],
      [false, { BlockPublicAcls: true }, { ...policies, BlockPublicAcls: true }],
    ] as const
  ) {
    await withServer(async ({ options: { client, bucket }, take }) => {
      const block = { Bucket: bucket, PublicAccessBlockConfiguration: before };
      await client.send(new PutPublicAccessBlockCommand(block));
      assertEquals(await take(), "exists done done exists");
      const found = await client.send(new GetPublicAccessBlockCommand({ Bucket: bucket }));
      assertEquals(found.PublicAccessBlockConfiguration, after);
      assertEquals(await take(), "exists exists exists exists");
    }, { bucket: "skerry", atAws });
  }
});

Deno.test("bucketSteps() keep the rules that others have made", async () => {
  for (
    const place of [
      { Filter: { Prefix: "logs/" } },
      { Prefix: "logs/" }, // as old configurations have it, and then all of them must
    ]
  ) {
    await withServer(async ({ options, take }) => {
      const theirs: LifecycleRule = { ID: "logs", Status: "Enabled", ...place, Expiration: { Days: 30 } };
      await putRules(options, [theirs]);
      assertEquals(await take(), "exists done done exists");
      const [first, second, ...rest] = await rulesOf(options);
      assertEquals([first?.ID, first?.Expiration?.Days, rest.length], ["logs", 30, 0]);
      assertEquals(second?.AbortIncompleteMultipartUpload?.DaysAfterInitiation, 7);
      assertEquals("Filter" in place ? second?.Filter?.Prefix : second?.Prefix, "registry/");
    }, { bucket: "skerry" });
  }
});

Deno.test("bucketSteps() take another rule that aborts our uploads for ours", async () => {
  const abort: LifecycleRule = {
    ID: "theirs",
    Status: "Enabled",
    Filter: { Prefix: "" },
    AbortIncompleteMultipartUpload: { DaysAfterInitiation: 3 },
  };
  await withServer(async ({ options, take }) => {
    await putRules(options, [abort]);
    assertEquals(await take(), "exists done exists exists");
    for (
      const rule of [{ ...abort, Status: "Disabled" as const }, { ...abort, Filter: { Prefix: "other/" } }]
    ) {
      await putRules(options, [rule]);
      assertEquals(await take(), "exists exists done exists");
    }
  }, { bucket: "skerry" });
});

Deno.test("bucketSteps() warn of a rule that deletes content", async () => {
  await withServer(async ({ options, take, lines }) => {
    const rule = { ID: "tidy", Status: "Enabled" as const, Expiration: { Days: 90 } };
    for (const prefix of ["", "registry/", "registry/blobs/"]) {
      await putRules(options, [{ ...rule, Filter: { Prefix: prefix } }]);
      assertEquals((await take()).split(" ").at(-1), "warning", prefix);
      assertEquals(lines.at(-1)!.endsWith('Content would be deleted by the lifecycle rule "tidy"'), true);
    }
  }, { bucket: "skerry" });
});
