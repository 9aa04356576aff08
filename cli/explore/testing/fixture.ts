import { type Digest, parseRepositoryName, type RepositoryName, type Tag } from "../../../oci/mod.ts";
import { type Registry, UNRESTRICTED_CALLER } from "../../../registry/mod.ts";
import { content, digest, IMAGE, imageOf, INDEX, pushBlob, utf8 } from "../../../tests/harness/stores.ts";

/** Repository with two versions of an image, an index and a vulnerability report. */
export const APP: RepositoryName = parseRepositoryName("team/app");

/** Repository that shares a layer with {@linkcode APP}. */
export const OTHER: RepositoryName = parseRepositoryName("team/other");

/** Digests of the pushed manifests. */
export interface Pushed {
  /** First version. */
  first: Digest;
  /** Second version, which `latest` points to. */
  second: Digest;
  /** Index of both. */
  index: Digest;
  /** Vulnerability report of the second version. */
  report: Digest;
}

/** Layers: one of both versions, and one of each. */
const [BASE, OLD, NEW] = [content(5000, 1), content(2000, 2), content(3000, 3)];

/** Config of an image for linux, with texts as no friend would push them. */
function configOf(architecture: string, version: string): Uint8Array<ArrayBuffer> {
  return utf8(JSON.stringify({
    os: "linux",
    architecture,
    config: {
      Env: ["PATH=/bin", `VERSION=${version}`],
      Entrypoint: ["/app"],
      Cmd: ["--serve"],
      Labels: { "org.example.note": "two\nlines \u001b[31mred\u202e" },
    },
    rootfs: { type: "layers", diff_ids: [digest(BASE), digest(OLD)] },
    history: [{ created_by: "ADD base" }, { created_by: `RUN make\n\t${version}` }],
  }));
}

async function put(
  registry: Registry,
  repository: RepositoryName,
  bytes: Uint8Array<ArrayBuffer>,
  ...tags: string[]
): Promise<Digest> {
  const [first, ...rest] = tags as Tag[];
  const { mediaType } = JSON.parse(new TextDecoder().decode(bytes));
  const reference = first === undefined ? { digest: digest(bytes) } : { tag: first };
  const push = { bytes, contentType: mediaType, reference, tags: rest, condition: {} };
  return (await registry.putManifest(repository, UNRESTRICTED_CALLER, push)).digest;
}

/** Pushes the content of both repositories. */
export async function fillTeam(registry: Registry): Promise<Pushed> {
  const [oldConfig, newConfig] = [configOf("amd64", "1"), configOf("arm64", "2")];
  for (const bytes of [BASE, OLD, NEW, oldConfig, newConfig]) await pushBlob(registry, bytes, APP);
  const [old, next] = [imageOf(oldConfig, [BASE, OLD]), imageOf(newConfig, [BASE, NEW])];
  const first = await put(registry, APP, old, "v1", "latest");
  const second = await put(registry, APP, next, "v2", "latest");
  const index = await put(
    registry,
    APP,
    utf8(JSON.stringify({
      schemaVersion: 2,
      mediaType: INDEX,
      manifests: [["amd64", old], ["arm64", next]].map(([architecture, bytes]) => ({
        mediaType: IMAGE,
        digest: digest(bytes as Uint8Array),
        size: bytes!.length,
        platform: { os: "linux", architecture },
      })),
    })),
    "all",
  );
  const sarif = utf8(
    JSON.stringify({ version: "2.1.0", runs: [{ tool: { driver: { name: "Trivy" } }, results: [] }] }),
  );
  const empty = utf8("{}");
  for (const bytes of [sarif, empty]) await pushBlob(registry, bytes, APP);
  const report = await put(
    registry,
    APP,
    utf8(JSON.stringify({
      schemaVersion: 2,
      mediaType: IMAGE,
      artifactType: "application/sarif+json",
      config: { mediaType: "application/vnd.oci.empty.v1+json", digest: digest(empty), size: empty.length },
      layers: [{ mediaType: "application/sarif+json", digest: digest(sarif), size: sarif.length }],
      subject: { mediaType: IMAGE, digest: second, size: next.length },
    })),
  );
  const otherConfig = utf8("{}");
  for (const bytes of [BASE, otherConfig]) await pushBlob(registry, bytes, OTHER);
  await put(registry, OTHER, imageOf(otherConfig, [BASE]), "only");
  return { first, second, index, report };
}
