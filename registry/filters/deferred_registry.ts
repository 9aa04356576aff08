import type { Registry } from "../mod.ts";

/** Every operation of a registry. A new operation does not compile until it is listed here. */
const OPERATIONS = Object.keys(
  {
    getManifest: true,
    resolveTag: true,
    statBlob: true,
    getBlob: true,
    startUpload: true,
    getUpload: true,
    appendUpload: true,
    commitUpload: true,
    cancelUpload: true,
    putBlob: true,
    mountBlob: true,
    putManifest: true,
    deleteTag: true,
    deleteManifest: true,
    deleteBlob: true,
    deleteRepository: true,
    listTags: true,
    getTagHistory: true,
    listReferrers: true,
    listIndexes: true,
    listRepositories: true,
  } satisfies Record<keyof Registry, true>,
) as (keyof Registry)[];

/** Registry that is opened by its first operation. Operations wait until it is open; `open` is called once. */
export function deferredRegistry(open: () => Promise<Registry>): Registry {
  let opening: Promise<Registry> | undefined;
  const operation = (name: keyof Registry) => async (...args: unknown[]): Promise<unknown> => {
    // Replaces the operations by those of the open registry, so later calls do not pass through here.
    opening ??= open().then((opened) => Object.assign(registry, opened));
    await opening;
    return await (registry[name] as (...args: unknown[]) => unknown)(...args);
  };
  const operations = OPERATIONS.map((name) => [name, operation(name)]);
  const registry = Object.fromEntries(operations) as unknown as Registry;
  return registry;
}
