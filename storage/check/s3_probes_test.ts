import { assertEquals, assertRejects } from "@std/assert";
import { CREDENTIALS_ENV } from "../../tests/harness/credentials.ts";
import { type Quirks, type S3Server, startS3 } from "../../tests/s3/mod.ts";
import { makeClient } from "../objects/s3/mod.ts";
import { tryAll } from "./probe.ts";
import { enforcesPayloadHash, s3Probes, type S3Subject } from "./s3_probes.ts";

for (const [name, value] of Object.entries(CREDENTIALS_ENV)) Deno.env.set(name, value);

/** Runs `test` with a bucket that has these quirks. */
async function withBucket(
  quirks: Partial<Quirks>,
  test: (subject: S3Subject, s3: S3Server) => Promise<void>,
): Promise<void> {
  await using s3 = await startS3({ quirks });
  const client = makeClient({ endpoint: s3.endpoint, region: s3.region, pathStyle: true });
  await test({ client, bucket: s3.bucket, keyPrefix: "probe/" }, s3);
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

Deno.test("enforcesPayloadHash() leaves nothing in a store that takes anything", async () => {
  await withBucket({ ignoresContentHash: true }, async (subject, { requests }) => {
    assertEquals(await enforcesPayloadHash(subject), false);
    assertEquals(requests, { PutObject: 1, DeleteObject: 1 });
  });
});

Deno.test("enforcesPayloadHash() can't tell where the store fails otherwise", async () => {
  await withBucket({ slowDown: 1 }, async (subject) => {
    await assertRejects(() => enforcesPayloadHash(subject), Error, "reduce your request rate");
    assertEquals(await enforcesPayloadHash(subject), true);
  });
});
