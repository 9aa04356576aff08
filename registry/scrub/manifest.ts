import { createHash } from "node:crypto";
import { algorithmOf, type Digest, digestOf, RegistryError, type RepositoryName } from "../../oci/mod.ts";
import { parseManifest } from "../../oci/manifest.ts";
import type { ManifestAttributes, Stored } from "../items/mod.ts";
import { readManifest } from "../manifests/mod.ts";
import { type Fault, faultOfSize, readAll } from "./content.ts";
import { checkItem } from "./known_item.ts";
import type { ScrubWork } from "./scrub_work.ts";

/** Verifies a manifest's bytes, in its item or object, and reports its fault. */
export async function scrubManifest(
  work: ScrubWork,
  repository: RepositoryName,
  digest: Digest,
  proposed: Stored<ManifestAttributes>,
): Promise<void> {
  if (await faultOf(work, digest, proposed) === undefined) return;
  // As for a blob, an apparent fault is checked again with a consistent read.
  const item = await readManifest(work.context, repository, digest, { consistent: true });
  if (item === undefined || checkItem(item) === "unreadable") return;
  const fault = await faultOf(work, digest, item);
  if (fault === undefined) return;
  const { object } = item.attributes;
  work.found({ ...fault, repository, name: digest, ...(object === undefined ? {} : { object }) });
}

async function faultOf(
  work: ScrubWork,
  digest: Digest,
  { attributes: { mediaType, object, size }, bytes }: Stored<ManifestAttributes>,
): Promise<Fault | undefined> {
  if (object !== undefined) {
    const fault = await faultOfSize(work, object, size);
    if (fault !== undefined) return fault;
  }
  const whole = object === undefined
    ? await collect(work.paced(piecesOf(bytes)))
    : await readAll(work, object, collect);
  if (!(whole instanceof Uint8Array)) return whole;
  const algorithm = algorithmOf(digest);
  const actual = digestOf(algorithm, createHash(algorithm).update(whole).digest("hex"));
  const kind = object === undefined ? "corrupt-manifest" : "corrupt-object";
  if (actual !== digest) return { kind, note: `Its content is ${actual}` };
  if (whole.length !== size) return corrupt(`It has ${whole.length} bytes instead of ${size}`);
  return faultOfForm(whole, mediaType);
}

/** The bytes of an item, as a store would give them. */
async function* piecesOf(
  bytes: Uint8Array<ArrayBuffer> | undefined,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  if (bytes !== undefined) yield bytes;
}

/** All bytes in one: manifests are small. */
async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  for await (const chunk of chunks) pieces.push(new Uint8Array(chunk)); // the chunk is ours until the next one
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}

/** Fault of bytes that match their digest and are not valid for their media type. */
function faultOfForm(bytes: Uint8Array, mediaType: string): Fault | undefined {
  try {
    parseManifest(bytes, mediaType);
    return undefined;
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    return corrupt(`It is not a valid "${mediaType}": ${error.message}`);
  }
}

function corrupt(note: string): Fault {
  return { kind: "corrupt-manifest", note };
}
