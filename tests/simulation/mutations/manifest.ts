import { collects, deletes, later, mounts, pushesImage, putsManifest, retains } from "../actors.ts";
import { GRACE_MS, UNTAGGED_MS } from "../settings.ts";
import { ARTIFACT, FIRST, INDEX, SECOND, SINGLE } from "../world.ts";
import { edit, type Mutation } from "./mutation.ts";
import { CONFIG, image, OLD_MS, oldBlob, oldBlobs, ONE, SLOW_MOUNT } from "./scenes.ts";

const slowMount = {
  ...oldBlob,
  actors: [later(150, putsManifest(SINGLE, ONE)), mounts(CONFIG, ONE), collects()],
};

/** Mistakes in the push of a manifest. */
export const MANIFEST_MISTAKES: Mutation[] = [
  {
    name: "a manifest's edges come after the look at what they lead to (2 after 3)",
    edits: [
      edit(
        "registry/manifests/manifest_push.ts",
        "      ...edgeItems(repository, digest, parsed, attributes),\n",
        "",
      ),
      edit(
        "registry/manifests/manifest_push.ts",
        "    assertComplete(work, seen.missing);\n",
        "    assertComplete(work, seen.missing);\n    await work.table.putMany(edgeItems(repository, digest, parsed, attributes));\n",
      ),
    ],
    scenario: { ...oldBlobs, actors: [putsManifest(FIRST, ONE, "a"), collects()] },
  },
  {
    name: "a manifest has no edges (2)",
    edits: [
      edit(
        "registry/manifests/manifest_push.ts",
        "      ...edgeItems(repository, digest, parsed, attributes),\n",
        "",
      ),
    ],
  },
  {
    name: "a manifest's links are read along with the blobs, as if a batch were a snapshot (3)",
    edits: [
      edit(
        "registry/manifests/references.ts",
        "  await readTornAgain(work, found);\n",
        "",
      ),
    ],
    interrupted: { ...oldBlob, actors: [putsManifest(SINGLE, ONE), mounts(CONFIG, ONE), collects()] },
  },
  {
    name: "a manifest's links and blobs are read by a read that may lag (3)",
    edits: [edit(
      "registry/manifests/references.ts",
      "const all = await work.table.getMany(keys, { consistent: true });",
      "const all = await work.table.getMany(keys);",
    )],
    scenario: { ...oldBlobs, actors: [putsManifest(FIRST, ONE, "a"), collects()] },
  },
  {
    name: "a manifest's blobs are read again by a read that may lag (3)",
    edits: [
      ...SLOW_MOUNT,
      edit(
        "registry/manifests/references.ts",
        "const blobs = await work.table.getMany(keys, { consistent: true });",
        "const blobs = await work.table.getMany(keys);",
      ),
    ],
    scenario: slowMount,
  },
  {
    name: "a push leaves a collector's mark on the link (3)",
    edits: [
      edit(
        "registry/manifests/references.ts",
        'if (link.attributes.state === "condemned") {',
        "if (false) {",
      ),
    ],
    scenario: { ...oldBlobs, actors: [putsManifest(FIRST, ONE, "a"), collects()] },
  },
  {
    name: "a push leaves a collector's mark on the blob (3)",
    edits: [
      ...SLOW_MOUNT,
      edit("registry/manifests/references.ts", "if (isCondemned) {", "if (false as boolean) {"),
    ],
    scenario: slowMount,
  },
  {
    name: "a push does not care whether it took a mark away (3)",
    edits: [
      edit(
        "registry/manifests/references.ts",
        "if (await work.table.put(item, { ifVersion }) === undefined) return RETRY;",
        "await work.table.put(item, { ifVersion });",
      ),
      edit("registry/manifests/references.ts", "return revived ? RETRY : {", "return {"),
    ],
    scenario: { ...oldBlobs, actors: [putsManifest(FIRST, ONE, "a"), collects()] },
  },
  {
    name: "a push takes a blob that is being deleted for one that is there (3)",
    edits: [
      ...SLOW_MOUNT,
      edit("registry/manifests/references.ts", 'if (!isReadable(blob.attributes)) return "gone";', ""),
    ],
    scenario: slowMount,
  },
  {
    name: "a push does not care whether all is there (3)",
    edits: [edit("registry/manifests/manifest_push.ts", "    assertComplete(work, seen.missing);\n", "")],
  },
  {
    name: "a push repeated does not write the manifest anew (4)",
    edits: [edit(
      "registry/manifests/manifest_store.ts",
      "    const attributes: ManifestAttributes = {",
      "    if (current !== undefined) return;\n    const attributes: ManifestAttributes = {",
    )],
    scenario: {
      given: [pushesImage(SINGLE, ONE)],
      later: UNTAGGED_MS + 600,
      actors: [retains({ times: 3 }), later(GRACE_MS / 2, putsManifest(SINGLE, ONE))],
    },
  },
  {
    name: "a push announces nothing of the object of a large manifest (4)",
    edits: [
      edit(
        "registry/manifests/manifest_store.ts",
        "export const MAX_INLINE_BYTES = 256 * 1024;",
        "export const MAX_INLINE_BYTES = 600;",
      ),
      edit(
        "registry/manifests/manifest_store.ts",
        "const session = await announceManifestObject(work, repository, digest);\n" +
          "  const key = newObjectKey(session.item.attributes.prefix);\n  await putInTime(work, session, key, bytes);",
        "const key = newObjectKey(`manifests/abc/${randomId()}-`);\n  await work.objects.put(key, bytes);",
      ),
    ],
    scenario: { ...image, actors: [pushesImage(ARTIFACT, ONE), deletes(ARTIFACT, ONE)] },
  },
  {
    name: "a referrer is put before its manifest and not after (5 before 4)",
    edits: [
      edit(
        "registry/manifests/manifest_push.ts",
        "      putReferrer(work, repository, parsed, digest, push.bytes.length),\n",
        "",
      ),
      edit(
        "registry/manifests/manifest_push.ts",
        "    const putIt = async () => {\n",
        "    const putIt = async () => {\n      await putReferrer(work, repository, parsed, digest, push.bytes.length);\n",
      ),
    ],
    scenario: {
      given: [pushesImage(ARTIFACT, ONE)],
      later: 0,
      actors: [putsManifest(ARTIFACT, ONE), deletes(ARTIFACT, ONE), collects()],
    },
    from: 7900,
  },
  {
    name: "a manifest with a subject is no referrer (5)",
    edits: [
      edit(
        "registry/manifests/manifest_push.ts",
        "      putReferrer(work, repository, parsed, digest, push.bytes.length),\n",
        "",
      ),
    ],
  },
  {
    name: "a tag is put before its manifest (6 before 4)",
    edits: [
      edit(
        "registry/manifests/manifest_push.ts",
        "    await together(putIt(), leaveTargets(work, repository, digest, moves.map(({ seen }) => seen), announced));\n",
        "    await leaveTargets(work, repository, digest, moves.map(({ seen }) => seen), announced);\n",
      ),
      edit(
        "registry/manifests/manifest_push.ts",
        "    // 7. A delete",
        "    await putIt();\n    // 7. A delete",
      ),
    ],
    scenario: { ...oldBlobs, actors: [putsManifest(FIRST, ONE, "a"), collects()] },
  },
  {
    name: "a tag has no mark by which a delete finds it (2)",
    edits: [
      edit(
        "registry/manifests/manifest_push.ts",
        "      ...tags.map((tag) => ({ ...taggedKey(repository, digest, tag), attributes })),\n",
        "",
      ),
    ],
  },
  {
    name: "a tag is put whatever it was (6)",
    edits: [edit(
      "registry/manifests/tags.ts",
      "const version = await work.table.put({ ...tagKey(repository, tag), attributes }, ifUnchanged(current));\n    if (version === undefined) return RETRY;\n    noteMade",
      "await work.table.putMany([{ ...tagKey(repository, tag), attributes }]);\n    if (condition === undefined) return RETRY;\n    noteMade",
    )],
    scenario: {
      given: [pushesImage(FIRST, ONE, { tags: ["a"] }), pushesImage(SECOND, ONE)],
      later: 0,
      actors: [putsManifest(SECOND, ONE, "a"), putsManifest(INDEX, ONE, "a")],
    },
  },
  {
    name: "a push does not look whether its manifest is still there (7)",
    edits: [
      edit(
        "registry/manifests/manifest_push.ts",
        "if (isPrompt() || tags.length === 0 && subject === undefined) return;",
        "if (Number.isFinite(1)) return;",
      ),
    ],
    scenario: { ...image, actors: [putsManifest(FIRST, ONE, "b"), deletes(FIRST, ONE)] },
  },
  {
    name: "a push looks whether its manifest is still there by a read that may lag (7)",
    edits: [edit(
      "registry/manifests/manifest_push.ts",
      "return await readManifest(work, repository, digest, { consistent: true }) === undefined",
      "return await readManifest(work, repository, digest, { consistent: false }) === undefined",
    )],
    scenario: { ...image, actors: [putsManifest(FIRST, ONE, "b"), deletes(FIRST, ONE)] },
  },
  {
    name: "a push measures its time from the end of its manifest's put (7)",
    edits: [
      edit("registry/manifests/manifest_push.ts", "    const isPrompt = startPush(work);\n", ""),
      edit(
        "registry/manifests/manifest_push.ts",
        "    // 5 and 6 need",
        "    await work.table.get(manifestKey(repository, digest));\n    const isPrompt = startPush(work);\n    // 5 and 6 need",
      ),
    ],
    scenario: { ...image, actors: [putsManifest(FIRST, ONE, "b"), deletes(FIRST, ONE)] },
  },
  {
    name: "a push measures its time by a clock that may be set back (7)",
    edits: [edit(
      "registry/manifests/prompt_push.ts",
      "Math.max(now() - wall, steady() - start)",
      "Math.min(now() - wall, steady() - start)",
    )],
    scenario: { ...image, actors: [putsManifest(FIRST, ONE, "b"), deletes(FIRST, ONE)] },
    from: 6090,
  },
  {
    name: "a push leaves a collector's mark on the repository (6)",
    edits: [
      edit(
        "registry/repositories/repositories.ts",
        "if (isLive(current)) return;",
        "if (current !== undefined) return;",
      ),
    ],
    scenario: {
      given: [pushesImage(FIRST, ONE), deletes(FIRST, ONE)],
      later: OLD_MS,
      actors: [pushesImage(FIRST, ONE), collects()],
    },
  },
  {
    name: "a push looks at the repository before it puts its manifest (6 before 4)",
    edits: [
      edit(
        "registry/repositories/repositories.ts",
        "let known = isLive(before) ? undefined : { item: before };",
        "let known: { item: typeof before } | undefined = { item: before };",
      ),
    ],
    scenario: {
      given: [pushesImage(FIRST, ONE), deletes(FIRST, ONE)],
      later: OLD_MS,
      actors: [pushesImage(FIRST, ONE), collects()],
    },
  },
];
