import { createHash } from "node:crypto";
import { algorithmOf, type Digest, digestOf } from "../../oci/mod.ts";
import { UnavailableError } from "../../storage/ports.ts";
import { hashStream, readObject } from "../streams/mod.ts";
import type { FindingKind } from "./finding.ts";
import type { ScrubWork } from "./scrub_work.ts";

/** Fault of content. */
export interface Fault {
  /** Kind of the finding. */
  kind: FindingKind;
  /** Description for operators. */
  note: string;
}

/** Fault of the object that should have this size and digest; `undefined` if it is correct. */
export async function faultOfObject(
  work: ScrubWork,
  object: string,
  expected: { size: number; digest: Digest },
): Promise<Fault | undefined> {
  const fault = await faultOfSize(work, object, expected.size);
  if (fault !== undefined) return fault;
  const algorithm = algorithmOf(expected.digest);
  const hex = await readAll(work, object, (chunks) => hashStream(algorithm, chunks));
  if (typeof hex !== "string") return hex;
  const digest = digestOf(algorithm, hex);
  return digest === expected.digest
    ? undefined
    : { kind: "corrupt-object", note: `Its content is ${digest}` };
}

/** Fault of the object's existence or size; `undefined` if the object has the expected size. */
export async function faultOfSize(
  { context }: ScrubWork,
  object: string,
  expected: number,
): Promise<Fault | undefined> {
  const size = await context.objects.size(object);
  if (size === undefined) return MISSING;
  if (size === expected) return undefined;
  return { kind: "truncated-object", note: `It has ${size} bytes instead of ${expected}` };
}

/** Size and digests of an object with unknown content; the fault if it cannot be read. */
export function digestsOf(
  work: ScrubWork,
  object: string,
): Promise<{ size: number; digests: Digest[] } | Fault> {
  return readAll(work, object, async (chunks) => {
    const hashes = [createHash("sha256"), createHash("sha512")] as const;
    let size = 0;
    for await (const chunk of chunks) {
      size += chunk.length;
      for (const hash of hashes) hash.update(chunk);
    }
    const [sha256, sha512] = hashes;
    return {
      size,
      digests: [digestOf("sha256", sha256.digest("hex")), digestOf("sha512", sha512.digest("hex"))],
    };
  });
}

/** Result of `read` over all bytes of the object; the fault if it cannot be read. */
export async function readAll<T>(
  work: ScrubWork,
  object: string,
  read: (chunks: AsyncIterable<Uint8Array>) => Promise<T>,
): Promise<T | Fault> {
  const found = await readObject(work.context, object);
  if (found === undefined) return MISSING;
  try {
    return await read(work.paced(found.chunks));
  } catch (error) {
    if (await work.context.objects.size(object) === undefined) return MISSING; // It was deleted during the read.
    // A disk that has lost a sector must not end the scrub of all others.
    if (error instanceof UnavailableError) return { kind: "unreadable-object", note: error.message };
    throw error;
  }
}

const MISSING: Fault = { kind: "missing-object", note: "The object does not exist" };
