import type { Registry } from "../mod.ts";

/** Every operation of a registry, so that none can be missed. */
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
    listRepositories: true,
  } satisfies Record<keyof Registry, true>,
) as (keyof Registry)[];

/** A registry of which each operation waits until there is one: `open` is called at the first, and at no other. */
export function deferredRegistry(open: () => Promise<Registry>): Registry {
  let opening: Promise<Registry> | undefined;
  const operation = (name: keyof Registry) => async (...args: unknown[]): Promise<unknown> => {
    // From then on its own operations stand here, and nothing is in between.
    opening ??= open().then((opened) => Object.assign(registry, opened));
    await opening;
    return await (registry[name] as (...args: unknown[]) => unknown)(...args);
  };
  const operations = OPERATIONS.map((name) => [name, operation(name)]);
  const registry = Object.fromEntries(operations) as unknown as Registry;
  return registry;
}
