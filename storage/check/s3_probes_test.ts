import { assertEquals, assertRejects } from "@std/assert";
import { CREDENTIALS_ENV } from "../../tests/harness/credentials.ts";
import { type Quirks, type S3Server, startS3 } from "../../tests/s3/mod.ts";
import { S3ObjectStore } from "../objects/s3/mod.ts";
import { makeClient } from "../objects/s3/sdk.ts";
import { UnavailableError } from "../errors.ts";
import { tryAll } from "./probe.ts";
import { enforcesContent } from "./proven_content.ts";
import { s3Probes, type S3Subject } from "./s3_probes.ts";

for (const [name, value] of Object.entries(CREDENTIALS_ENV)) Deno.env.set(name, value);

/** Runs `test` with a bucket that has these quirks. `deadline` is that of a call in milliseconds. */
async function withBucket(
  quirks: Partial<Quirks>,
  test: (subject: S3Subject, s3: S3Server) => Promise<void>,
  deadline = 10_000,
): Promise<void> {
  await using s3 = await startS3({ quirks });
  const options = { bucket: s3.bucket, endpoint: s3.endpoint, region: s3.region, pathStyle: true };
  const client = makeClient(options);
  const objects = await S3ObjectStore.open({ ...options, deadline });
  const prefix = "probe/";
  await test({ objects, prefix, client, bucket: s3.bucket, keyPrefix: prefix }, s3);
  client.destroy();
}

Deno.test("s3Probes find the missing capabilities of a store", async () => {
  for (
    const [quirks, found] of [
      [{}, [true, true, true]],
      [{ ignoresContentHash: true }, [false, true, true]],
      [{ ignoresConditions: true }, [true, false, true]],
    ] as [Partial<Quirks>, (boolean | undefined)[]][]
  ) {
    await withBucket(quirks, async (subject) => {
      const findings = await tryAll(s3Probes, subject);
      assertEquals(findings.map(({ works }) => works), found);
      assertEquals(findings.some(({ needed }) => needed), false);
    });
  }
});

Deno.test("enforcesContent() leaves nothing in a store that takes anything", async () => {
  await withBucket({ ignoresContentHash: true }, async ({ objects }, { requests }) => {
    assertEquals(await enforcesContent(objects, "probe/a"), false);
    assertEquals(requests, { PutObject: 1, DeleteObject: 1 });
  });
});

Deno.test("enforcesContent() can't tell where the store fails otherwise", async () => {
  await withBucket({ slowDown: 100 }, async ({ objects }, { quirks }) => {
    await assertRejects(() => enforcesContent(objects, "probe/a"), UnavailableError);
    quirks.slowDown = 0;
    assertEquals(await enforcesContent(objects, "probe/a"), true);
  }, 1_000);
});
