import { createHash } from "node:crypto";
import type { DigestAlgorithm, RepositoryName } from "../../oci/mod.ts";
import { randomId } from "../items/mod.ts";

/** Owner of an upload. */
export interface UploadOwner {
  /** Repository of the upload. */
  repository: RepositoryName;
  /** Name of the principal that started it. */
  principal: string;
}

/** Facts that an upload's id contains. */
export interface UploadFacts {
  /** Start time, in milliseconds since the epoch. */
  startedAt: number;
  /** Algorithm of the digest, if the client announced it. */
  algorithm?: DigestAlgorithm;
}

/** Letter of each algorithm that a client may announce, and of none. */
const LETTERS = { "": "a", sha256: "b", sha512: "c" } as const;

const UPLOAD_ID = /^(?<random>[0-9a-f]{32})-(?<time>[0-9a-z]{1,11})-(?<letter>[abc])-(?<owner>[0-9a-f]{16})$/;

/**
 * Creates the id of a new upload. It contains everything about an upload without bytes, so that no item is needed: most
 * uploads end with the next request.
 */
export function newUploadId(owner: UploadOwner, { startedAt, algorithm }: UploadFacts): string {
  const facts = `${randomId()}-${startedAt.toString(36)}-${LETTERS[algorithm ?? ""]}`;
  return `${facts}-${ownerHash(facts, owner)}`;
}

/**
 * Facts in the id; `undefined` for an id that was not issued to this principal for this repository. A forged id gains
 * nothing that a POST would not give.
 */
export function readUploadId(id: string, owner: UploadOwner): UploadFacts | undefined {
  const { random, time, letter, owner: hash } = UPLOAD_ID.exec(id)?.groups ?? {};
  if (hash === undefined || hash !== ownerHash(`${random}-${time}-${letter}`, owner)) return undefined;
  const startedAt = parseInt(time!, 36);
  const algorithm = (["sha256", "sha512"] as const).find((name) => LETTERS[name] === letter);
  return algorithm === undefined ? { startedAt } : { startedAt, algorithm };
}

/** Binds an id to its owner: another's makes it another id, which names another upload. */
function ownerHash(facts: string, { repository, principal }: UploadOwner): string {
  // No repository name holds a space.
  return createHash("sha256").update(`${facts} ${repository} ${principal}`).digest("hex").slice(0, 16);
}
