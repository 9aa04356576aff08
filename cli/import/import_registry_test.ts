import { assertEquals, assertMatch } from "@std/assert";
import { createHash } from "node:crypto";
import { type Digest, parseRepositoryName, type Tag } from "../../oci/mod.ts";
import { DOCKER_MANIFEST, DOCKER_MANIFEST_LIST, OCI_ARTIFACT_MANIFEST } from "../../oci/mod.ts";
import { type RegistryOptions, UNRESTRICTED_CALLER } from "../../registry/mod.ts";
import { assertArrived, SOUND } from "../../tests/migration/arrived.ts";
import { fleetOf } from "../../tests/migration/fleet.ts";
import { distributionFormat, type Format, zotFormat } from "../../tests/migration/formats.ts";
import { filesIn, type SourceFiles } from "../../tests/migration/source_files.ts";
import {
  content,
  digest,
  hooked,
  IMAGE,
  imageOf,
  INDEX,
  indexOf,
  TestStores,
  utf8,
} from "../../tests/harness/stores.ts";
import { withFolder } from "../testing/mod.ts";
import { Destination } from "./destination.ts";
import { emptyReport } from "./import_report.ts";
import { importRegistry } from "./import_registry.ts";
import { openSource, openTree } from "./open_source.ts";
import type { Finding } from "./source_registry.ts";

const NAME = parseRepositoryName("team/app");

/** An empty folder for a source, and a registry in memory whose writes are counted. */
async function withScene(
  test: (scene: Scene) => Promise<void>,
  { isSparse = false, ...options }: Partial<RegistryOptions> & { isSparse?: boolean } = {},
): Promise<void> {
  await withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/source`);
    const stores = new TestStores({ partSize: 2 ** 20 });
    let writes = 0;
    const isWrite = (method: string) => /^(put|delete|start|complete|abort)/.test(method);
    const count = (method: string) => void (isWrite(method) && writes++);
    const counted = { objects: hooked(stores.objects, count), table: hooked(stores.table, count) };
    const now = Date.now;
    const { registry } = stores.registry({ ...counted, now, ...options });
    await test({
      files: filesIn(`${folder}/source`),
      registry,
      async run() {
        writes = 0;
        const [findings, report]: [Finding[], ReturnType<typeof emptyReport>] = [[], emptyReport()];
        const tree = await openTree({ folder: `${folder}/source` });
        const scratch = await Deno.makeTempDir({ dir: folder });
        const found = (finding: Finding) => void findings.push(finding);
        using source = await openSource(tree, scratch, found);
        const destination = new Destination(registry);
        await importRegistry({
          tree,
          source,
          report,
          found,
          destination,
          maxManifestSize: 2 ** 22,
          isSparse,
        });
        return { findings, report, writes };
      },
    });
  });
}

interface Scene {
  files: SourceFiles;
  registry: ReturnType<TestStores["registry"]>["registry"];
  run: () => Promise<{ findings: Finding[]; report: ReturnType<typeof emptyReport>; writes: number }>;
}

/** Writes a repository with one tag. */
async function writeImage(
  { files }: Scene,
  format: Format,
  bytes: Uint8Array<ArrayBuffer>,
  { tag = "v1", mediaType = IMAGE, blobs = [] as Uint8Array<ArrayBuffer>[], name = digest(bytes) as string } =
    {},
): Promise<void> {
  await format.writeFleet(files, new Map([[NAME, { blobs, manifests: [] }]]));
  await files.write(format.contentPath(NAME, name), bytes);
  await format.addTag(files, NAME, tag, { digest: name, mediaType, size: bytes.length });
}

const CONFIG = content(30, 1);

Deno.test("importRegistry() follows the source's tags, and keeps those that a client has moved", async () => {
  for (const format of [zotFormat(), distributionFormat()]) {
    await withScene(async (scene) => {
      const [first, second] = [imageOf(CONFIG, []), imageOf(CONFIG, [], { annotations: { second: "1" } })];
      const own = imageOf(CONFIG, [], { annotations: { own: "1" } });
      const target = () => scene.registry.resolveTag(NAME, "v1" as Tag);
      await writeImage(scene, format, first, { blobs: [CONFIG] });
      assertEquals((await scene.run()).report.tags, 1);
      await writeImage(scene, format, second, { blobs: [CONFIG] });
      assertEquals((await scene.run()).report.tags, 1);
      assertEquals(await target(), digest(second));

      const push = {
        bytes: own,
        contentType: IMAGE,
        reference: { tag: "v1" as Tag },
        tags: [],
        condition: {},
      };
      await scene.registry.putManifest(NAME, UNRESTRICTED_CALLER, push);
      const { findings, report, writes } = await scene.run();
      assertEquals(findings.map(({ kind, tag }) => [kind, tag]), [["kept-tag", "v1"]]);
      assertEquals([report.keptTags, report.damaged, writes], [1, 0, 0]);
      assertEquals(await target(), digest(own));
    });
  }
});

Deno.test("importRegistry() writes nothing for a large blob that is still wrong", async () => {
  await withScene(async (scene) => {
    const layer = content(3 * 2 ** 20, 5);
    const image = imageOf(CONFIG, [layer]);
    await writeImage(scene, zotFormat(), image, { blobs: [CONFIG, layer] });
    const path = zotFormat().contentPath(NAME, digest(layer));
    await scene.files.write(path, content(layer.length, 6));
    const first = await scene.run();
    assertEquals(first.findings.map(({ kind }) => kind), ["blob", "tag"]);
    const second = await scene.run();
    assertEquals([second.findings, second.writes], [first.findings, 0]);
    await scene.files.write(path, layer);
    const third = await scene.run();
    assertEquals([third.findings, third.report.tags], [[], 1]);
  });
});

Deno.test("importRegistry() brings Docker's formats, artifacts and SHA-512", async () => {
  const sha512 = digest(CONFIG, "sha512");
  const bySha512 = utf8(JSON.stringify({
    schemaVersion: 2,
    mediaType: IMAGE,
    config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: sha512, size: CONFIG.length },
    layers: [],
  }));
  const docker = imageOf(CONFIG, [], { mediaType: DOCKER_MANIFEST });
  const list = utf8(JSON.stringify({
    schemaVersion: 2,
    mediaType: DOCKER_MANIFEST_LIST,
    manifests: [{ mediaType: DOCKER_MANIFEST, digest: digest(docker), size: docker.length }],
  }));
  const artifact = utf8(JSON.stringify({ mediaType: OCI_ARTIFACT_MANIFEST, artifactType: "a/b", blobs: [] }));
  const untyped = utf8(
    JSON.stringify({ ...JSON.parse(new TextDecoder().decode(indexOf([]))), mediaType: undefined }),
  );
  await withScene(async (scene) => {
    const format = zotFormat();
    await writeImage(scene, format, bySha512, { name: digest(bySha512, "sha512"), blobs: [CONFIG] });
    await scene.files.write(format.contentPath(NAME, sha512), CONFIG);
    await scene.files.write(format.contentPath(NAME, digest(docker)), docker);
    const more = [["list", list, DOCKER_MANIFEST_LIST], ["artifact", artifact, OCI_ARTIFACT_MANIFEST], [
      "untyped",
      untyped,
      INDEX,
    ]] as const;
    for (const [tag, bytes, mediaType] of more) {
      await scene.files.write(format.contentPath(NAME, digest(bytes)), bytes);
      await format.addTag(scene.files, NAME, tag, { digest: digest(bytes), mediaType, size: bytes.length });
    }
    assertEquals((await scene.run()).findings, []);
    assertEquals(await scene.registry.resolveTag(NAME, "v1" as Tag), digest(bySha512, "sha512"));
    for (const [tag, bytes, mediaType] of more) {
      const found = await scene.registry.getManifest(NAME, { tag: tag as Tag });
      assertEquals([found.bytes, found.mediaType], [bytes, mediaType]);
    }
    assertEquals(
      (await scene.registry.getManifest(NAME, { digest: digest(docker) })).mediaType,
      DOCKER_MANIFEST,
    );
  });
});

Deno.test("importRegistry() takes the media type in a manifest before that in a list", async () => {
  await withScene(async (scene) => {
    const image = imageOf(CONFIG, []);
    await writeImage(scene, zotFormat(), image, { blobs: [CONFIG], mediaType: INDEX });
    assertEquals((await scene.run()).findings, []);
    assertEquals((await scene.registry.getManifest(NAME, { tag: "v1" as Tag })).mediaType, IMAGE);
  });
});

Deno.test("importRegistry() finds the bytes of a placeholder in any folder of the source", async () => {
  for (const folder of ["_blobstore", "UPPER", "other/app"]) {
    await withScene(async (scene) => {
      const layer = content(50, 4);
      await writeImage(scene, zotFormat(), imageOf(CONFIG, [layer]), { blobs: [CONFIG, layer] });
      const path = (name: string) => zotFormat().contentPath(name, digest(layer));
      await scene.files.write(path(NAME), new Uint8Array());
      await scene.files.write(path(folder), layer);
      const { findings, report } = await scene.run();
      assertEquals([findings, report.tags], [[], 1]);
    });
  }
});

Deno.test("importRegistry() brings an empty blob", async () => {
  await withScene(async (scene) => {
    const empty = new Uint8Array();
    await writeImage(scene, zotFormat(), imageOf(CONFIG, [empty]), { blobs: [CONFIG, empty] });
    assertEquals((await scene.run()).findings, []);
    const { size } = await scene.registry.statBlob(NAME, `sha256:${sha256("")}` as Digest);
    assertEquals(size, 0);
  });
});

Deno.test("importRegistry() reports content that the registry refuses, and goes on", async () => {
  const quotas = [{ repositories: NAME, bytes: 5000 }];
  await withScene(async (scene) => {
    const fleet = fleetOf({ images: 4 });
    await zotFormat().writeFleet(scene.files, fleet);
    await writeImage(scene, zotFormat(), imageOf(CONFIG, [content(9000)]), {
      blobs: [CONFIG, content(9000)],
    });
    const { findings } = await scene.run();
    assertEquals(findings.map(({ kind, repository }) => [kind, repository]), [["blob", NAME], ["tag", NAME]]);
    assertMatch(findings[0]!.note, /quota/i);
    await assertArrived(scene.registry, fleet, SOUND);
  }, { quotas });
});

Deno.test("importRegistry() brings an index without its missing children to a registry that accepts them", async () => {
  for (const references of ["strict", "sparse"] as const) {
    await withScene(async (scene) => {
      const index = indexOf([imageOf(CONFIG, [content(9)])]);
      await writeImage(scene, zotFormat(), index, { mediaType: INDEX });
      const { findings, report } = await scene.run();
      const lostTags = references === "strict" ? ["tag"] : [];
      assertEquals(findings.map(({ kind }) => kind), ["manifest", ...lostTags]);
      assertEquals(report.tags, references === "strict" ? 0 : 1);
    }, { references, isSparse: references === "sparse" });
  }
});

Deno.test("importRegistry() opens no file that is not a regular one", async () => {
  await withScene(async (scene) => {
    const layer = content(9, 7);
    await writeImage(scene, zotFormat(), imageOf(CONFIG, [layer]), { blobs: [CONFIG] });
    const path = `${scene.files.folder}/${zotFormat().contentPath(NAME, digest(layer))}`;
    const short = await Deno.makeTempDir({ prefix: "s" });
    using _ = Deno.listen({ transport: "unix", path: `${short}/s` });
    await Deno.rename(`${short}/s`, path);
    await Deno.remove(short);
    const { findings } = await scene.run();
    assertEquals(findings.map(({ kind, note }) => [kind, note]), [
      ["blob", "is not a regular file"],
      ["tag", "points to a manifest that was not imported"],
    ]);
  });
});

Deno.test("importRegistry() reports a lost manifest of a large repository once", async () => {
  await withScene(async (scene) => {
    const format = distributionFormat();
    await writeImage(scene, format, imageOf(CONFIG, []), { blobs: [CONFIG], tag: "lost" });
    await scene.files.remove(format.contentPath(NAME, digest(imageOf(CONFIG, []))));
    for (let number = 0; number < 300; number++) {
      const bytes = imageOf(CONFIG, [], { annotations: { number: `${number}` } });
      await scene.files.write(format.contentPath(NAME, digest(bytes)), bytes);
      const manifest = { digest: digest(bytes), mediaType: IMAGE, size: bytes.length };
      await format.addTag(scene.files, NAME, `v${number}`, manifest);
    }
    const { findings, report } = await scene.run();
    assertEquals(findings.map(({ kind, tag }) => [kind, tag]), [["manifest", undefined], ["tag", "lost"]]);
    assertEquals(report.tags, 300);
  });
});

Deno.test("importRegistry() parses no index.json that would take all memory", async () => {
  await withScene(async (scene) => {
    await writeImage(scene, zotFormat(), imageOf(CONFIG, []), { blobs: [CONFIG] });
    await scene.files.write("bomb/index.json", utf8(`{"manifests":[${"{},".repeat(1_000_000)}{}]}`));
    const { findings, report } = await scene.run();
    assertEquals(findings, [{
      kind: "index",
      repository: "bomb",
      note: "index.json has too many objects and arrays",
    }]);
    assertEquals(report.tags, 1);
  });
});

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
