import type { NewItem, Table } from "../../storage/mod.ts";
import { TestStores } from "../../tests/harness/stores.ts";
import { Archive, writeArchive } from "../archive.ts";
import { restore } from "../restore.ts";
import type { RestoreOptions, RestoreReport } from "../restore_options.ts";
import { snapshot, type Stores } from "../snapshot.ts";

/** The grace period of the registries that are backed up here, in milliseconds. */
export const GRACE_MS = 1000;

/** A backup of the stores as of now, in memory. */
export async function backUp(stores: TestStores, table: Table = stores.table): Promise<Archive> {
  const items = snapshot({ objects: stores.objects, table }, stores.now - GRACE_MS);
  const bytes = await new Response(writeArchive({ id: "test", startedAt: stores.now }, items)).bytes();
  return await archiveOf(bytes);
}

/** The backup that has these bytes. */
export function archiveOf(bytes: Uint8Array<ArrayBuffer>): Promise<Archive> {
  return Archive.open(() => Promise.resolve(new Blob([bytes]).stream()));
}

/** The whole of a backup that has these items. */
export async function bytesOf(items: NewItem[]): Promise<Uint8Array<ArrayBuffer>> {
  async function* all() {
    yield* items;
  }
  return await new Response(writeArchive({ id: "test", startedAt: 0 }, all())).bytes();
}

/** Restores into a table beside the objects, and answers what there is then and what was said of it. */
export async function restoreBeside(
  { objects, now }: { objects: Stores["objects"]; now: number },
  archive: Archive,
  options: Partial<RestoreOptions> = {},
  id = "test",
): Promise<{ stores: TestStores; report: RestoreReport; said: string[] }> {
  const stores = new TestStores({ objects });
  stores.now = now;
  const said: string[] = [];
  const report = await restore({ id, items: () => archive.items() }, {
    objects,
    table: stores.table,
    references: "strict",
    obtain: async ({ key, size }) => await objects.size(key) === size ? undefined : `${key} is gone`,
    parallel: 4,
    uploads: "sweep",
    report: (line) => said.push(line),
    ...options,
  });
  return { stores, report, said };
}

/** Items as they are compared: in the order of their keys, without versions. */
export function comparable(items: NewItem[]): NewItem[] {
  return items
    .map(({ pk, sk, attributes, bytes, index }) => ({ pk, sk, attributes, bytes, index } as NewItem))
    .toSorted((a, b) => `${a.pk} ${a.sk}` < `${b.pk} ${b.sk}` ? -1 : 1);
}
