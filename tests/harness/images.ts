/**
 * Manifests to push, and registries that have what they reference.
 *
 * @module
 */
import { assertRejects } from "@std/assert";
import { RegistryError } from "../../oci/mod.ts";
import {
  type ManifestPush,
  type ManifestReceipt,
  type Registry,
  UNRESTRICTED_CALLER,
} from "../../registry/mod.ts";
import { content, digest, IMAGE, imageOf, pushBlob, REPOSITORY, TestStores } from "./stores.ts";

/** The configuration of {@linkcode imageOfSize}. */
export const CONFIG = content(9, 1);
/** Its layer. */
export const LAYER = content(20, 2);

/** A registry that has configuration and layer; times are short. */
export async function withBlobs() {
  const stores = new TestStores();
  const { registry, sweep } = stores.registry({ uploadExpiry: 1000, grace: 1000, deadline: 100 });
  await pushBlob(registry, CONFIG);
  await pushBlob(registry, LAYER);
  return { stores, registry, sweep };
}

/** A manifest whose annotations make it so large. */
export function imageOfSize(size: number): Uint8Array<ArrayBuffer> {
  const bare = imageOf(CONFIG, [LAYER], { annotations: { filler: "" } });
  return imageOf(CONFIG, [LAYER], { annotations: { filler: "x".repeat(size - bare.length) } });
}

/** Pushes a manifest by its digest, unless the options say otherwise. */
export function put(
  registry: Registry,
  bytes: Uint8Array<ArrayBuffer>,
  options: Partial<ManifestPush> = {},
): Promise<ManifestReceipt> {
  const push = {
    bytes,
    contentType: IMAGE,
    reference: { digest: digest(bytes) },
    tags: [],
    condition: {},
    ...options,
  };
  return registry.putManifest(REPOSITORY, UNRESTRICTED_CALLER, push);
}

/** The code of the error that it throws. */
export async function codeOf(attempt: () => Promise<unknown>): Promise<string> {
  return (await assertRejects(attempt, RegistryError)).code;
}
