/** The withdrawn artifact manifest of image-spec 1.1-rc, which ORAS 0.16 and notation 1.0-rc wrote. */
import { assertEquals } from "@std/assert";
import { OCI_ARTIFACT_MANIFEST } from "../../oci/mod.ts";
import { codeOf } from "../../tests/harness/images.ts";
import {
  content,
  digest,
  IMAGE,
  imageOf,
  pushBlob,
  pushManifest,
  readBlob,
  REPOSITORY,
  tag,
  TestStores,
  utf8,
} from "../../tests/harness/stores.ts";

const [CONFIG, SBOM] = [content(9, 1), content(40, 2)];
const SUBJECT = imageOf(CONFIG, []);
const ARTIFACT_TYPE = "application/vnd.example.sbom";
const ARTIFACT = utf8(JSON.stringify({
  mediaType: OCI_ARTIFACT_MANIFEST,
  artifactType: ARTIFACT_TYPE,
  blobs: [{ mediaType: "application/json", digest: digest(SBOM), size: SBOM.length }],
  subject: { mediaType: IMAGE, digest: digest(SUBJECT), size: SUBJECT.length },
  annotations: { created: "2022-11-01" },
}));
const HOUR = 60 * 60_000;

/** A registry with the subject. */
async function open() {
  const stores = new TestStores();
  const process = stores.registry({ grace: HOUR, uploadExpiry: HOUR });
  await pushBlob(process.registry, CONFIG);
  await pushManifest(process.registry, SUBJECT, "latest");
  const collect = async () => {
    stores.now += 2 * HOUR;
    await process.sweep();
    for (let step = await process.collect(); step.next; step = await process.collect({ after: step.next }));
  };
  return { ...process, stores, collect };
}

Deno.test("an artifact manifest is pushed, pulled, listed among the referrers, and keeps its blobs", async () => {
  const { registry, collect } = await open();
  assertEquals(await codeOf(() => pushManifest(registry, ARTIFACT)), "MANIFEST_BLOB_UNKNOWN");
  await pushBlob(registry, SBOM);
  await pushManifest(registry, ARTIFACT, "sbom");
  await collect();
  const found = await registry.getManifest(REPOSITORY, { tag: tag("sbom") });
  assertEquals([found.mediaType, found.bytes], [OCI_ARTIFACT_MANIFEST, ARTIFACT]);
  assertEquals(await readBlob(registry, digest(SBOM)), SBOM);
  const { items } = await registry.listReferrers(REPOSITORY, digest(SUBJECT), {
    artifactTypes: [ARTIFACT_TYPE],
  });
  assertEquals(items, [{
    mediaType: OCI_ARTIFACT_MANIFEST,
    digest: digest(ARTIFACT),
    size: ARTIFACT.length,
    artifactType: ARTIFACT_TYPE,
    annotations: { created: "2022-11-01" },
  }]);
});

Deno.test("an artifact manifest that is deleted is no referrer any more, and its blobs are collected", async () => {
  const { registry, stores, collect } = await open();
  const before = await stores.keys();
  await pushBlob(registry, SBOM);
  await pushManifest(registry, ARTIFACT);
  await registry.deleteManifest(REPOSITORY, digest(ARTIFACT));
  assertEquals(await registry.listReferrers(REPOSITORY, digest(SUBJECT), { artifactTypes: [] }), {
    items: [],
  });
  await collect();
  await collect();
  assertEquals(await stores.keys(), before);
  assertEquals(await codeOf(() => registry.statBlob(REPOSITORY, digest(SBOM))), "BLOB_UNKNOWN");
});
