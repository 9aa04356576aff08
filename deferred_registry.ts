import type { Registry } from "./registry/mod.ts";

/** Every operation, so that none can be forgotten. */
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
    listTags: true,
    getTagHistory: true,
    listReferrers: true,
    listRepositories: true,
  } satisfies Record<keyof Registry, true>,
) as (keyof Registry)[];

/** A registry of which each operation waits until there is one: `open` is called at the first, and at no other. */
export function deferredRegistry(open: () => Promise<Registry>): Registry {
  let opening: Promise<Registry> | undefined;
  let opened: Registry | undefined;
  const operation = (name: keyof Registry) => (...args: unknown[]): unknown => {
    if (opened !== undefined) return call(opened, name, args);
    opening ??= open().then((registry) => opened = registry);
    return opening.then((registry) => call(registry, name, args));
  };
  return Object.fromEntries(OPERATIONS.map((name) => [name, operation(name)])) as unknown as Registry;
}

function call(registry: Registry, name: keyof Registry, args: unknown[]): unknown {
  return (registry[name] as (...args: unknown[]) => unknown)(...args);
}
