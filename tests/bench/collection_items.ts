import { createHash, randomBytes } from "node:crypto";
import type { Digest, RepositoryName, Tag } from "../../oci/mod.ts";
import {
  blobKey,
  candidateItems,
  edgeKey,
  linkItem,
  manifestKey,
  taggedKey,
  tagKey,
} from "../../registry/stored.ts";
import type { NewItem } from "../../storage/mod.ts";

const BLOBS_EACH = 3;

/** `SKERRY_GRACE` as it is by default, in milliseconds. */
const GRACE_MS = 24 * 60 * 60_000;

/** Items of an image. */
export function imageItems(repository: RepositoryName, index: number, at: number): NewItem[] {
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const bytes = new Uint8Array(randomBytes(700));
  const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}` as Digest;
  const tag = `image-${index}` as Tag;
  const target = { digest, mediaType, size: bytes.length };
  const blobs = Array.from(
    { length: BLOBS_EACH },
    () => `sha256:${randomBytes(32).toString("hex")}` as Digest,
  );
  return [
    ...blobs.flatMap((blob) => [
      {
        ...blobKey(blob),
        attributes: { size: 1000, object: `blobs/000/${blob.slice(7, 71)}`, state: "live", writtenAt: at },
      },
      linkItem(blob, repository, at),
      { ...edgeKey(repository, blob, digest), attributes: { at } },
    ]),
    {
      ...manifestKey(repository, digest),
      attributes: { mediaType, size: bytes.length, pushedAt: at, pushedBy: "anonymous" },
      bytes,
    },
    { ...tagKey(repository, tag), attributes: { ...target, pushedAt: at, moves: [] } },
    { ...taggedKey(repository, digest, tag), attributes: { at } },
  ];
}

/** Items that the delete of such an image has left, and its candidate. */
export function garbageItems(repository: RepositoryName, index: number, at: number): NewItem[] {
  const items = imageItems(repository, index, at);
  const [digest] = items.flatMap(({ sk }) => /^manifest#(.*)$/.exec(sk)?.[1] ?? []) as [Digest];
  const targets = items.filter(({ sk }) => sk === "blob").map(({ pk }) => pk.slice("blob#".length) as Digest);
  const candidate = { kind: "manifest" as const, repository: repository, digest, targets };
  return [
    ...items.filter(({ sk }) => !/^(manifest|tag)#/.test(sk)),
    ...candidateItems({ grace: GRACE_MS }, candidate, Date.now() - 1.1 * GRACE_MS),
  ];
}
