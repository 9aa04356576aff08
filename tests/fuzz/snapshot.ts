import { DatabaseSync } from "node:sqlite";
import { digestOf, type Repository, SCRATCH, type World } from "./world.ts";

/** All that can be seen of what must not change: through the registry, in its table and among its files. */
export type Snapshot = Map<string, string>;

/** Looks at everything while nobody changes anything. */
export async function takeSnapshot(url: string, data: string, world: World): Promise<Snapshot> {
  const snapshot: Snapshot = new Map();
  for (const repository of world.kept) await readRepository(snapshot, url, repository);
  const catalog: { repositories: string[] } = await (await fetch(`${url}/v2/_catalog`)).json();
  snapshot.set("catalog", catalog.repositories.filter((name) => !name.startsWith(`${SCRATCH}/`)).join(" "));
  const scratch = readTable(snapshot, `${data}/table.sqlite`);
  await readFiles(snapshot, `${data}/objects`, "", scratch);
  return snapshot;
}

/** What is in one snapshot and not in the other, or is something else there. */
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

/** The rows that have nothing to do with scratch repositories. Answers how the keys of their objects begin. */
function readTable(snapshot: Snapshot, path: string): string[] {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const rows = database.prepare("SELECT * FROM item").all().map((row) => ({
      pk: String(row.pk),
      sk: String(row.sk),
      attributes: String(row.attributes),
      text: JSON.stringify(row),
    }));
    const kept = new Set(
      rows.filter(({ sk }) => sk.startsWith("repo#") && !sk.startsWith(`repo#${SCRATCH}/`)).map(({ pk }) =>
        pk
      ),
    );
    const prefixes: string[] = [];
    for (const { pk, sk, attributes, text } of rows) {
      const { repository, prefix } = JSON.parse(attributes);
      const ofScratch = [pk, sk, `repo#${repository}`, `repo#${sk}`].some((key) =>
        key.startsWith(`repo#${SCRATCH}/`)
      ) ||
        (sk === "blob" && !kept.has(pk));
      if (!ofScratch) snapshot.set(`${pk} / ${sk}`, text);
      else if (prefix !== undefined) prefixes.push(prefix);
    }
    return prefixes;
  } finally {
    database.close();
  }
}

/** All files but those of objects whose keys begin with one of `scratch`. */
async function readFiles(snapshot: Snapshot, root: string, folder: string, scratch: string[]): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(`${root}/${folder}`)) {
    const path = folder + name;
    if (scratch.some((prefix) => path.startsWith(prefix))) continue;
    if (isDirectory) await readFiles(snapshot, root, `${path}/`, scratch);
    else snapshot.set(`file ${path}`, digestOf(await Deno.readFile(`${root}/${path}`)));
  }
}
