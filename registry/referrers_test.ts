import { assertEquals } from "@std/assert";
import { CONFIG, LAYER, withBlobs } from "../tests/harness/images.ts";
import { content, digest, IMAGE, imageOf, INDEX, pushManifest, REPOSITORY } from "../tests/harness/stores.ts";

Deno.test("listReferrers() filters by any of several artifact types and pages by bytes", async () => {
  const { registry } = await withBlobs();
  const image = imageOf(CONFIG, [LAYER]);
  const subject = { mediaType: IMAGE, digest: digest(image), size: image.length };
  const referrers = Array.from({ length: 6 }, (_, i) =>
    imageOf(CONFIG, [], {
      artifactType: `application/x-${i % 3}`,
      annotations: { filler: "x".repeat(i % 2 === 0 ? 900_000 : 100) },
      subject,
    }));
  for (const referrer of referrers) await pushManifest(registry, referrer);
  const all = referrers.map((bytes) => digest(bytes) as string).sort();
  const pages: string[][] = [];
  let after: string | undefined;
  do {
    const request = { artifactTypes: [], ...(after === undefined ? {} : { after }) };
    const page = await registry.listReferrers(REPOSITORY, subject.digest, request);
    pages.push(page.items.map((item) => item.digest));
    after = page.next;
  } while (after !== undefined);
  assertEquals(pages.flat(), all);
  const some = { artifactTypes: ["application/x-1", "application/x-2"] };
  const page = await registry.listReferrers(REPOSITORY, subject.digest, some);
  assertEquals(page.items.map((item) => item.artifactType).sort(), [
    "application/x-1",
    "application/x-1",
    "application/x-2",
    "application/x-2",
  ]);
  const large = page.items.find((item) => item.digest === digest(referrers[4]!));
  assertEquals(large?.annotations?.filler?.length, 900_000);
  assertEquals(await registry.listReferrers(REPOSITORY, digest(content(1)), { artifactTypes: [] }), {
    items: [],
  });
});

Deno.test("listReferrers() cuts its pages below what clients read", async () => {
  const { registry } = await withBlobs();
  const subject = { mediaType: INDEX, digest: "blake3:" + "0".repeat(64), size: 3 };
  for (let i = 0; i < 5; i++) {
    await pushManifest(
      registry,
      imageOf(CONFIG, [], { annotations: { [i]: "x".repeat(1_000_000) }, subject }),
    );
  }
  const first = await registry.listReferrers(REPOSITORY, subject.digest, { artifactTypes: [] });
  assertEquals(first.items.length, 3);
  const rest = await registry.listReferrers(REPOSITORY, subject.digest, {
    artifactTypes: [],
    after: first.next!,
  });
  assertEquals([rest.items.length, rest.next], [2, undefined]);
});
