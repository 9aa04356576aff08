import { assertEquals, assertThrows } from "@std/assert";
import { digest, REPOSITORY, tag } from "../../tests/harness/stores.ts";
import type { Key } from "../../storage/ports.ts";
import { candidateItems } from "../protocol/mod.ts";
import { identify, type ItemKey, type ItemKind, partsOf } from "./identify.ts";
import {
  blobKey,
  CURSOR_KEY,
  deadLetterKey,
  deliveryKey,
  edgeKey,
  epochKey,
  eventId,
  eventItem,
  eventShard,
  leaseKey,
  linkKey,
  manifestKey,
  moveKey,
  pulledKey,
  purgeItem,
  referrerKey,
  repositoryKey,
  taggedKey,
  tagKey,
  uploadKey,
  usageKey,
} from "./mod.ts";

const REPO = { repository: REPOSITORY };
const [A, B] = [digest(new Uint8Array([1])), digest(new Uint8Array([2]))];
const [CANDIDATE] = candidateItems({ grace: 16 }, { kind: "blob", ...REPO, digest: A }, 7);

const EVENT = eventItem({ ...REPO, change: { kind: "repository.create", push: "1f" }, due: 9 }, 7);

const PURGE = purgeItem(["skerry"], { at: 1, due: 7 });

/** A key of each kind, and its parts. */
const KEYS: { [Kind in ItemKind]: [Key, Omit<Extract<ItemKey, { kind: Kind }>, "kind">] } = {
  blob: [blobKey(A), { digest: A }],
  link: [linkKey(A, REPOSITORY), { digest: A, ...REPO }],
  manifest: [manifestKey(REPOSITORY, A), { ...REPO, digest: A }],
  edge: [edgeKey(REPOSITORY, A, B), { ...REPO, target: A, manifest: B }],
  referrer: [referrerKey(REPOSITORY, A, B)!, { ...REPO, subject: A, manifest: B }],
  tag: [tagKey(REPOSITORY, tag("v1")), { ...REPO, tag: tag("v1") }],
  "tag mark": [taggedKey(REPOSITORY, A, tag("v1")), { ...REPO, manifest: A, tag: tag("v1") }],
  move: [
    moveKey(REPOSITORY, tag("v1"), "1f", 7),
    { ...REPO, tag: tag("v1"), history: "1f", number: "0000000007" },
  ],
  pull: [pulledKey(REPOSITORY, tag("v1")), { ...REPO, tag: tag("v1") }],
  usage: [usageKey(REPOSITORY), REPO],
  epoch: [epochKey(REPOSITORY), REPO],
  repository: [repositoryKey(REPOSITORY), REPO],
  upload: [uploadKey("1f"), { id: "1f" }],
  candidate: [
    CANDIDATE!,
    { shard: A["sha256:".length]!, time: "0000000000000007", garbage: "blob", content: `${REPOSITORY}#${A}` },
  ],
  purge: [PURGE, { shard: /\d$/.exec(PURGE.pk)![0], due: "0000000000000007", id: PURGE.sk.split("#")[1]! }],
  event: [
    EVENT,
    { shard: eventShard(REPOSITORY), time: "0000000000000007", id: eventId(EVENT.attributes) },
  ],
  delivery: [
    deliveryKey("1", "ci", 7, "2f"),
    { shard: "1", receiver: "ci", time: "0000000000000007", id: "2f" },
  ],
  "dead letter": [deadLetterKey("1", "2f", "ci"), { shard: "1", id: "2f", receiver: "ci" }],
  lease: [leaseKey("pass"), { name: "pass" }],
  "cursor key": [CURSOR_KEY, {}],
};

Deno.test("identify() gives the kind and the parts that a key was made of", () => {
  for (const [kind, [{ pk, sk }, parts]] of Object.entries(KEYS)) {
    assertEquals(identify({ pk, sk }), { kind, ...parts } as ItemKey);
    assertEquals(partsOf(kind as ItemKind, { pk, sk }), { kind, ...parts } as ItemKey);
  }
});

Deno.test("identify() knows no kind that this release does not write", () => {
  const { pk } = manifestKey(REPOSITORY, A);
  const unknown: Key[] = [
    { pk: "", sk: "" },
    { pk: "auth#secrets", sk: "a" },
    { pk, sk: "note#a" },
    { pk, sk: "usages" },
    { pk, sk: "tag" },
    { pk: blobKey(A).pk, sk: "blobs" },
    { pk: uploadKey("1f").pk, sk: "upload#2" },
  ];
  for (const key of unknown) assertEquals(identify(key), undefined, `${key.pk} ${key.sk}`);
});

Deno.test("identify() reads a missing part as empty, and extra separators as text of the last part", () => {
  const { pk } = manifestKey(REPOSITORY, A);
  const edge = (sk: string) => {
    const { target, manifest } = partsOf("edge", { pk, sk });
    return [target as string, manifest as string];
  };
  assertEquals(edge("edge#a"), ["a", ""]);
  assertEquals(edge("edge#"), ["", ""]);
  assertEquals(edge("edge#a#b#c"), ["a", "b#c"]);
  assertEquals(edge("edge##b"), ["", "b"]);
});

Deno.test("partsOf() throws when the item is of another kind", () => {
  assertThrows(() => partsOf("tag", manifestKey(REPOSITORY, A)), TypeError, "not a tag");
  assertThrows(() => partsOf("tag", { pk: "x", sk: "y" }), TypeError, 'Cannot read the key "x" "y"');
});
