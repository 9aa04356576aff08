import { type ParsedManifest, parseManifest } from "../oci/manifest.ts";
import { type ManifestAttributes, readObject, type Stored } from "../registry/stored.ts";
import { type ObjectStore, pause } from "../storage/ports.ts";

/** Parsed manifest from its item or object; `undefined` if its bytes are missing or invalid. */
export async function manifestContent(
  objects: ObjectStore,
  manifest: Stored<ManifestAttributes>,
): Promise<ParsedManifest | undefined> {
  const bytes = await manifestBytes(objects, manifest);
  if (bytes === undefined) return undefined;
  try {
    return parseManifest(bytes, manifest.attributes.mediaType);
  } catch {
    return undefined; // it was one when it was pushed, so it is damaged
  }
}

async function manifestBytes(
  objects: ObjectStore,
  { bytes, attributes: { object, size } }: Stored<ManifestAttributes>,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (bytes !== undefined || object === undefined) return bytes;
  const found = await readObject({ objects, sleep: pause }, object);
  if (found === undefined) return undefined;
  const whole = new Uint8Array(size);
  let offset = 0;
  for await (const chunk of found.chunks) {
    if (offset + chunk.length <= size) whole.set(chunk, offset);
    offset += chunk.length;
  }
  return offset === size ? whole : undefined;
}
