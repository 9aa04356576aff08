import type { Stored, StoredFile, StoredItem } from "../harness/stored.ts";
import { digestOf, type Repository, SCRATCH, type World } from "./world.ts";

/** All that can be seen of what must not change: through the registry and behind its back. */
export type Snapshot = Map<string, string>;

/** Reads everything while no request changes anything. */
export async function takeSnapshot(url: string, stored: Stored, world: World): Promise<Snapshot> {
  const snapshot: Snapshot = new Map();
  for (const repository of world.kept) await readRepository(snapshot, url, repository);
  const catalog: { repositories: string[] } = await (await fetch(`${url}/v2/_catalog`)).json();
  snapshot.set("catalog", catalog.repositories.filter((name) => !name.startsWith(`${SCRATCH}/`)).join(" "));
  const scratch = addItems(snapshot, await stored.items());
  await addFiles(snapshot, await stored.files(), scratch);
  return snapshot;
}

/** Differences between two snapshots. */
export function differences(before: Snapshot, after: Snapshot): string[] {
  const keys = new Set([...before.keys(), ...after.keys()]);
  return [...keys].filter((key) => before.get(key) !== after.get(key))
    .map((key) => `${key}: ${before.get(key)?.slice(0, 300)} -> ${after.get(key)?.slice(0, 300)}`);
}

async function readRepository(snapshot: Snapshot, url: string, repository: Repository): Promise<void> {
  const { name, tags, blobs, upload } = repository;
  const manifests = [...repository.manifests, repository.large];
  const paths = [
    `/v2/${name}/tags/list`,
    ...[...tags, ...manifests.map(({ digest }) => digest)].map((reference) =>
      `/v2/${name}/manifests/${reference}`
    ),
    ...tags.map((tag) => `/v2/${name}/_skerry/tags/history?tag=${tag}`),
    ...blobs.map(({ digest }) => `/v2/${name}/blobs/${digest}`),
    ...manifests.map(({ digest }) => `/v2/${name}/referrers/${digest}`),
    upload,
  ];
  for (const path of paths) {
    const response = await fetch(url + path);
    const fields = ["Content-Type", "Docker-Content-Digest", "Range"].map((field) =>
      response.headers.get(field)
    );
    snapshot.set(path, `${response.status} ${fields} ${digestOf(await response.bytes())}`);
  }
}

/** The items that have nothing to do with scratch repositories. Answers how the keys of the objects of others begin. */
function addItems(snapshot: Snapshot, items: readonly StoredItem[]): string[] {
  const ofScratch = (key: string) => key.startsWith(`repo#${SCRATCH}/`);
  const links = items.filter(({ sk }) => sk.startsWith("repo#"));
  const kept = new Set(links.filter(({ sk }) => !ofScratch(sk)).map(({ pk }) => pk));
  const prefixes: string[] = [];
  for (const { pk, sk, attributes: { repository, prefix }, text } of items) {
    if (isNote(pk, sk)) continue;
    const mayChange = [pk, sk, `repo#${repository}`, `repo#${sk}`].some(ofScratch) ||
      (sk === "blob" && !kept.has(pk));
    if (!mayChange) snapshot.set(`${pk} / ${sk}`, text);
    else if (prefix !== undefined) prefixes.push(String(prefix));
  }
  return prefixes;
}

/** True for an item that a delete leaves though it finds nothing: it only proposes, or ends what is remembered. */
function isNote(pk: string, sk: string): boolean {
  return pk.startsWith("garbage#") || sk === "epoch";
}

/** The file by which `/readyz` tries whether the folder can be written. */
const PROBE = ".probe";

/** All files but those of objects whose keys begin with one of `scratch`. */
async function addFiles(
  snapshot: Snapshot,
  files: readonly StoredFile[],
  scratch: readonly string[],
): Promise<void> {
  for (const { path, fingerprint } of files) {
    if (path === PROBE || scratch.some((prefix) => path.startsWith(prefix))) continue;
    snapshot.set(`file ${path}`, await fingerprint());
  }
}
