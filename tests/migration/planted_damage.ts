import { dirname } from "node:path";
import { content, digest, IMAGE, INDEX, indexOf, utf8 } from "../harness/stores.ts";
import type { Fleet } from "./fleet.ts";
import type { Format } from "./formats.ts";
import type { SourceFiles } from "./source_files.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Damage as an import must list it. */
export interface ExpectedFinding {
  readonly kind: string;
  readonly repository: string;
  readonly tag?: string;
  /** Part of the note. */
  readonly note: string;
}

/** Damage that was planted. */
export interface Planted {
  /** Findings, each of which must be listed once. */
  readonly findings: readonly ExpectedFinding[];
  /** Tags that cannot arrive, as `repository:tag`. */
  readonly lost: ReadonlySet<string>;
  /** Manifests that cannot arrive, as `repository@digest`. */
  readonly lostManifests: ReadonlySet<string>;
}

/** Bytes of a manifest above the limit of 4 MiB. */
const TOO_LARGE_BYTES = 5 * 1024 * 1024;

/** Depth of a chain of indexes above the limit. */
const TOO_DEEP = 40;

/** Places of a fleet at which damage is planted. */
export interface Scene {
  readonly files: SourceFiles;
  readonly format: Format;
  readonly fleet: Fleet;
}

/**
 * Damages the storage of a fleet of at least 20 images: content that is missing, wrong, cut off or empty, manifests that
 * are none, names that are not valid, links and lists that cannot be read, and in a folder symbolic links that lead out
 * of it.
 */
export async function plantDamage(scene: Scene): Promise<Planted> {
  const findings: ExpectedFinding[] = [];
  const lost = new Set<string>();
  const lostManifests = new Set<string>();
  const [first, second] = [...scene.fleet.keys()];
  if (first === undefined || second === undefined) {
    throw new RangeError("Expected two repositories to damage");
  }
  await damageContent(scene, first, findings, lost, lostManifests);
  await addBadManifests(scene, second, findings);
  await addBadNames(scene, second, findings);
  if (scene.format.name === "zot") await breakIndex(scene, findings, lost, lostManifests);
  else await breakLinks(scene, second, findings, lost, lostManifests);
  if (scene.files.folder !== undefined) await addSymlinks(scene, second, findings, lost, lostManifests);
  return { findings, lost, lostManifests };
}

/** Damages the last layer of some images, and a manifest. */
async function damageContent(
  { files, format, fleet }: Scene,
  repository: string,
  findings: ExpectedFinding[],
  lost: Set<string>,
  lostManifests: Set<string>,
): Promise<void> {
  const at = (digest: string) => format.contentPath(repository, digest);
  const damages: [tag: string, note: string, damage: (path: string, bytes: Bytes) => Promise<void>][] = [
    ["v4", "is missing", (path) => files.remove(path)],
    ["v5", "does not match its digest", (path, bytes) => files.write(path, content(bytes.length, 77))],
    ["v6", "does not match its digest", (path, bytes) => files.write(path, bytes.slice(0, bytes.length / 2))],
    ["v7", "is empty", (path) => files.write(path, new Uint8Array())],
  ];
  for (const [tag, note, damage] of damages) {
    const layer = JSON.parse(new TextDecoder().decode(manifestOf(fleet, repository, tag))).layers[1].digest;
    await damage(at(layer), await files.read(at(layer)));
    findings.push({ kind: "blob", repository, note });
    findings.push({ kind: "tag", repository, tag, note: "points to a manifest that was not imported" });
    lost.add(`${repository}:${tag}`);
    lostManifests.add(`${repository}@${digest(manifestOf(fleet, repository, tag))}`);
  }
  await files.remove(at(digest(manifestOf(fleet, repository, "v8"))));
  findings.push({ kind: "manifest", repository, note: "is missing" });
  findings.push({ kind: "tag", repository, tag: "v8", note: "points to a manifest that was not imported" });
  lost.add(`${repository}:v8`);
  lostManifests.add(`${repository}@${digest(manifestOf(fleet, repository, "v8"))}`);
}

/** Adds tags of manifests that no registry accepts. */
async function addBadManifests(scene: Scene, repository: string, findings: ExpectedFinding[]): Promise<void> {
  const add = async (tag: string, bytes: Bytes, name: string, mediaType: string) => {
    await scene.files.write(scene.format.contentPath(repository, name), bytes);
    const manifest = { digest: name, mediaType, size: bytes.length };
    await scene.format.addTag(scene.files, repository, tag, manifest);
    findings.push({ kind: "tag", repository, tag, note: "points to a manifest that was not imported" });
  };
  const manifest = (note: string) => findings.push({ kind: "manifest", repository, note });

  const noJson = utf8('{"schemaVersion":2,"config":');
  await add("no-json", noJson, digest(noJson), IMAGE);
  manifest("is not valid JSON");

  const large = utf8(JSON.stringify({ schemaVersion: 2, padding: "x".repeat(TOO_LARGE_BYTES) }));
  await add("too-large", large, digest(large), IMAGE);
  manifest("more than the limit");

  // A cycle needs a digest that is not that of the bytes.
  const own = `sha256:${"ab".repeat(32)}`;
  const entry = { mediaType: INDEX, digest: own, size: 100 };
  await add(
    "cycle",
    utf8(JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [entry] })),
    own,
    INDEX,
  );
  manifest("does not match its digest");

  let deep = indexOf([]);
  for (let depth = 0; depth < TOO_DEEP; depth++) {
    await scene.files.write(scene.format.contentPath(repository, digest(deep)), deep);
    deep = indexOf([deep], INDEX);
  }
  await add("too-deep", deep, digest(deep), INDEX);
  manifest("is below more than 32 indexes");
}

/** Adds a tag and a repository whose names are not valid here. */
async function addBadNames(
  { files, format, fleet }: Scene,
  repository: string,
  findings: ExpectedFinding[],
): Promise<void> {
  const bytes = manifestOf(fleet, repository, "v3");
  const manifest = { digest: digest(bytes), mediaType: IMAGE, size: bytes.length };
  await format.addTag(files, repository, "-bad", manifest);
  findings.push({ kind: "tag", repository, tag: "-bad", note: "is not a valid tag" });
  if (format.name === "zot") {
    await files.write("UPPER/index.json", utf8('{"schemaVersion":2,"manifests":[]}'));
  } else await format.addTag(files, "UPPER", "v1", manifest);
  findings.push({ kind: "name", repository: "UPPER", note: "is not a valid name of a repository" });
}

/** Cuts off the list of the last repository. */
async function breakIndex(
  { files, fleet }: Scene,
  findings: ExpectedFinding[],
  lost: Set<string>,
  lostManifests: Set<string>,
): Promise<void> {
  const [repository, { manifests }] = [...fleet].at(-1)!;
  const index = await files.read(`${repository}/index.json`);
  await files.write(`${repository}/index.json`, index.slice(0, index.length - 20));
  findings.push({ kind: "index", repository, note: "is not valid JSON" });
  for (const tag of manifests.flatMap(({ tags }) => tags)) lost.add(`${repository}:${tag}`);
  for (const { bytes } of manifests) lostManifests.add(`${repository}@${digest(bytes)}`);
}

/** Puts junk into a tag's link, and removes the link of a manifest that another tag points to. */
async function breakLinks(
  { files, fleet }: Scene,
  repository: string,
  findings: ExpectedFinding[],
  lost: Set<string>,
  lostManifests: Set<string>,
): Promise<void> {
  const folder = `docker/registry/v2/repositories/${repository}/_manifests`;
  await files.write(`${folder}/tags/v4/current/link`, utf8("../../../../../etc/passwd\n"));
  findings.push({ kind: "tag", repository, tag: "v4", note: "without a valid digest" });
  const deleted = digest(manifestOf(fleet, repository, "v5"));
  lostManifests.add(`${repository}@${deleted}`);
  await files.remove(`${folder}/revisions/${deleted.replace(":", "/")}/link`);
  findings.push({
    kind: "tag",
    repository,
    tag: "v5",
    note: "points to a manifest that the repository does not have",
  });
  await files.write(`${folder}/tags/v6/current/link`, content(5000, 3));
  findings.push({ kind: "tag", repository, tag: "v6", note: "more than the limit" });
  for (const tag of ["v4", "v5", "v6"]) lost.add(`${repository}:${tag}`);
}

/** Moves a layer out of the folder, and leaves symbolic links to it and to a folder. */
async function addSymlinks(
  { files, format, fleet }: Scene,
  repository: string,
  findings: ExpectedFinding[],
  lost: Set<string>,
  lostManifests: Set<string>,
): Promise<void> {
  const layer = JSON.parse(new TextDecoder().decode(manifestOf(fleet, repository, "v7"))).layers[1].digest;
  const path = `${files.folder}/${format.contentPath(repository, layer)}`;
  const outside = await Deno.makeTempDir({ dir: dirname(files.folder!) });
  await Deno.rename(path, `${outside}/data`);
  await Deno.symlink(`${outside}/data`, path);
  findings.push({ kind: "blob", repository, note: "behind a symbolic link" });
  findings.push({ kind: "tag", repository, tag: "v7", note: "points to a manifest that was not imported" });
  lost.add(`${repository}:v7`);
  lostManifests.add(`${repository}@${digest(manifestOf(fleet, repository, "v7"))}`);
  const folder = format.name === "zot" ? "" : "docker/registry/v2/repositories/";
  await Deno.symlink(outside, `${files.folder}/${folder}outside`);
  findings.push({ kind: "link", repository: "outside", note: "is not followed" });
}

/** Bytes of the manifest that a tag of a fleet points to. */
export function manifestOf(fleet: Fleet, repository: string, tag: string): Bytes {
  const found = fleet.get(repository)?.manifests.find(({ tags }) => tags.includes(tag));
  if (found === undefined) throw new RangeError(`No tag ${repository}:${tag}`);
  return found.bytes;
}
