import { collects, deletes, later, mounts, pushes, pushesImage, putsManifest, sweeps } from "../actors.ts";
import { EXPIRY_MS } from "../settings.ts";
import { FIRST } from "../world.ts";
import { edit, type Mutation } from "./mutation.ts";
import { CONFIG, image, OLD_MS, oldBlob, oldBlobs, oldEdges, oldImage, ONE, TWO } from "./scenes.ts";

/** Mistakes in the collector. */
export const COLLECT_MISTAKES: Mutation[] = [
  {
    name: "the collector does not look at the edges again after its mark",
    edits: [
      edit(
        "registry/blobs/collect_blob.ts",
        "if (await isNeeded()) {",
        "if (false) {",
      ),
    ],
    scenario: { ...oldBlobs, actors: [putsManifest(FIRST, ONE, "a"), collects()] },
  },
  {
    name: "the collector looks at the edges by a read that may lag",
    edits: [
      edit(
        "registry/blobs/collect_blob.ts",
        "const isNeeded = () => isReferenced(work, repository, digest, { consistent: true });",
        "const isNeeded = () => isReferenced(work, repository, digest, { consistent: false });",
      ),
    ],
    scenario: { ...oldBlobs, actors: [putsManifest(FIRST, ONE, "a"), collects()] },
  },
  {
    name: "the collector puts no mark on a link",
    edits: [
      edit(
        "registry/blobs/collect_blob.ts",
        "const version = await work.table.put({ ...item, attributes: condemned }, { ifVersion: link.version });",
        "const version = link.version; void item; void condemned;",
      ),
    ],
    scenario: { ...oldBlobs, actors: [putsManifest(FIRST, ONE, "a"), collects()] },
  },
  {
    name: "the collector deletes a link that was touched since its mark",
    edits: [
      edit(
        "registry/blobs/collect_blob.ts",
        '    return "needed";\n  }\n  return await work.table.delete(key, { ifVersion: version }) ? "removed" : RETRY;',
        '    return "needed";\n  }\n  const latest = await work.table.get(key, { consistent: true });\n  return latest !== undefined && await work.table.delete(key, { ifVersion: latest.version }) ? "removed" : RETRY;',
      ),
    ],
    scenario: { ...oldBlobs, actors: [putsManifest(FIRST, ONE, "a"), collects()] },
  },
  {
    name: "the collector looks at the edges before its mark alone",
    edits: [
      edit(
        "registry/blobs/collect_blob.ts",
        "  const version = await work.table.put({ ...item, attributes: condemned }, { ifVersion: link.version });",
        "  const needed = await isNeeded();\n  const version = await work.table.put({ ...item, attributes: condemned }, { ifVersion: link.version });",
      ),
      edit("registry/blobs/collect_blob.ts", "if (await isNeeded()) {", "if (needed) {"),
    ],
    scenario: { ...oldBlobs, actors: [putsManifest(FIRST, ONE, "a"), collects()] },
  },
  {
    name: "the collector does not wait for the grace period of a link",
    edits: [
      edit(
        "registry/blobs/collect_blob.ts",
        "return isOld(context, lastUseOfLink(attributes));",
        "return lastUseOfLink(attributes) > 0 || context === undefined;",
      ),
    ],
  },
  {
    name: "the collector never takes up the mark of one that died on a link",
    edits: [
      edit(
        "registry/blobs/collect_blob.ts",
        "if (link === undefined) return",
        'if (link === undefined || link.attributes.state === "condemned") return',
      ),
    ],
    scenario: { ...oldBlobs, actors: [collects(), collects()] },
  },
  {
    name: "the collector does not look at the links again after its mark",
    edits: [
      edit(
        "registry/blobs/collect_blob.ts",
        "if (await isLinked(work, digest, { consistent: true })) {",
        "if (false) {",
      ),
    ],
    scenario: { ...oldBlob, actors: [mounts(CONFIG, TWO, ONE), collects()] },
  },
  {
    name: "the collector looks at the links by a read that may lag",
    edits: [
      edit(
        "registry/blobs/collect_blob.ts",
        "if (await isLinked(work, digest, { consistent: true })) {",
        "if (await isLinked(work, digest, { consistent: false })) {",
      ),
    ],
    scenario: { ...oldBlob, actors: [mounts(CONFIG, TWO, ONE), collects()] },
  },
  {
    name: "the collector looks at the links before its mark alone",
    edits: [
      edit(
        "registry/blobs/collect_blob.ts",
        "  const condemnedAt = work.now();\n",
        "  const condemnedAt = work.now();\n  const linked = await isLinked(work, digest, { consistent: true });\n",
      ),
      edit(
        "registry/blobs/collect_blob.ts",
        "if (await isLinked(work, digest, { consistent: true })) {",
        "if (linked) {",
      ),
    ],
    scenario: { ...oldBlob, actors: [mounts(CONFIG, TWO, ONE), collects()] },
  },
  {
    name: "the collector deletes the bytes of a blob that may still be taken back (no state deleting)",
    edits: [edit(
      "registry/blobs/collect_blob.ts",
      'const taken = await work.table.put({ ...key, attributes: deleting }, { ifVersion: version });\n    if (taken === undefined) return { is: "changed" };\n    version = taken;',
      "void deleting;",
    )],
    scenario: { ...oldBlob, actors: [mounts(CONFIG, TWO, ONE), collects()] },
  },
  {
    name: "the collector goes on though its mark was taken from a blob",
    edits: [edit(
      "registry/blobs/collect_blob.ts",
      '    if (taken === undefined) return { is: "changed" };\n    version = taken;',
      "    version = taken ?? version;",
    )],
    scenario: { ...oldBlob, actors: [mounts(CONFIG, TWO, ONE), collects()] },
  },
  {
    name: "the collector does not wait for the grace period of a blob",
    edits: [
      edit(
        "registry/blobs/collect_blob.ts",
        "isOld(context, lastUseOfBlob(attributes))",
        "(lastUseOfBlob(attributes) > 0 || context === undefined)",
      ),
      edit(
        "registry/blobs/link.ts",
        "      putLink(work, repository, digest),\n",
        "      work.sleep(50).then(() => putLink(work, repository, digest)),\n",
      ),
    ],
    scenario: { given: [], later: 0, actors: [pushes(CONFIG, TWO, "whole"), collects(), collects()] },
  },
  {
    name: "the collector deletes the item of a blob before its bytes",
    edits: [edit(
      "registry/blobs/collect_blob.ts",
      '  await work.objects.delete([attributes.object]);\n  if (!await work.table.delete(key, { ifVersion: version })) return { is: "changed" };',
      '  if (!await work.table.delete(key, { ifVersion: version })) return { is: "changed" };\n  await work.objects.delete([attributes.object]);',
    )],
    // After the sweep of its upload, which would delete the object as well.
    scenario: {
      given: [pushes(CONFIG, ONE, "whole"), later(EXPIRY_MS + 600, sweeps())],
      later: OLD_MS,
      actors: [collects(), collects()],
      danger: "often",
    },
  },
  {
    name: "the collector deletes the item of a blob that has become another's",
    edits: [edit(
      "registry/blobs/collect_blob.ts",
      'if (!await work.table.delete(key, { ifVersion: version })) return { is: "changed" };',
      "const latest = await work.table.get(key, { consistent: true });\n  if (latest !== undefined) await work.table.delete(key, { ifVersion: latest.version });",
    )],
    scenario: { ...oldBlob, actors: [pushes(CONFIG, TWO, "whole"), collects()] },
  },
  {
    name: "the collector never takes up a blob that one was deleting who died",
    edits: [
      edit(
        "registry/blobs/collect_blob.ts",
        'if (blob === undefined) return { is: "absent" };',
        'if (blob?.attributes.state !== "live") return { is: "absent" };',
      ),
    ],
    scenario: { ...oldBlob, actors: [collects(), collects()] },
  },
  {
    name: "the collector takes an edge for one without a manifest by a read that may lag",
    edits: [
      edit(
        "registry/collection/collect_leftovers.ts",
        "const [gone] = await dangling(work, [pointer], { consistent: true });",
        "const [gone] = await dangling(work, [pointer], { consistent: false });",
      ),
      edit(
        "registry/collection/collect_leftovers.ts",
        "if (!isOld(context, stored<EdgeAttributes>(item)!.attributes.at)) return undefined;\n      return { key, item, target: manifestKey(key.repository, key.manifest), matches: always };",
        "return { key, item, target: manifestKey(key.repository, key.manifest), matches: always };",
      ),
    ],
    scenario: { ...oldBlobs, actors: [putsManifest(FIRST, ONE, "a"), collects()] },
  },
  {
    name: "the collector does not wait for the grace period of an edge",
    edits: [
      edit(
        "registry/collection/collect_leftovers.ts",
        'case "edge":\n      if (!isOld(context, stored<EdgeAttributes>(item)!.attributes.at)) return undefined;',
        'case "edge":',
      ),
    ],
    scenario: { ...oldBlobs, actors: [putsManifest(FIRST, ONE, "a"), collects()] },
  },
  {
    name: "the collector does not wait for the grace period of a tag's mark",
    edits: [
      edit(
        "registry/collection/collect_leftovers.ts",
        'case "tag mark":\n      if (!isOld(context, stored<EdgeAttributes>(item)!.attributes.at)) return undefined;',
        'case "tag mark":',
      ),
    ],
    scenario: { ...image, actors: [putsManifest(FIRST, ONE, "b"), collects(), deletes(FIRST, ONE)] },
  },
  {
    name: "the collector deletes an edge that was written anew since it looked",
    edits: [edit(
      "registry/collection/collect_leftovers.ts",
      "const { pk, sk, version } = item;\n  const isRemoved",
      "const { pk, sk } = item;\n  const version = (await work.table.get({ pk, sk }, { consistent: true }))?.version ?? item.version;\n  const isRemoved",
    )],
    scenario: { ...oldEdges, actors: [pushesImage(FIRST, ONE, { tags: ["a"] }), collects()] },
  },
  {
    name: "the collector leaves the edges of manifests that are gone",
    edits: [edit("registry/collection/collect_leftovers.ts", 'case "edge":', 'case "edges":')],
  },
  {
    name: "the collector leaves the marks of tags that are gone",
    edits: [edit("registry/collection/collect_leftovers.ts", 'case "tag mark":', 'case "tag marks":')],
  },
  {
    name: "the collector takes marks of tags that are there",
    edits: [
      edit(
        "registry/collection/collect_leftovers.ts",
        "matches: (tag) => stored<TagAttributes>(tag)!.attributes.digest === key.manifest,",
        "matches: () => stored<TagAttributes>(item) === undefined,",
      ),
    ],
    scenario: { ...oldImage, actors: [collects(), deletes(FIRST, ONE)] },
  },
  {
    name: "the collector does not look for manifests again after its mark on a repository",
    edits: [
      edit(
        "registry/collection/collect_leftovers.ts",
        "if (await hasManifest(work, repository, { consistent: true })) {",
        "if (false) {",
      ),
    ],
    scenario: {
      given: [pushesImage(FIRST, ONE), deletes(FIRST, ONE)],
      later: OLD_MS,
      actors: [pushesImage(FIRST, ONE), collects()],
    },
  },
  {
    name: "the collector looks for manifests of a repository by a read that may lag",
    edits: [
      edit(
        "registry/collection/collect_leftovers.ts",
        "if (await hasManifest(work, repository, { consistent: true })) {",
        "if (await hasManifest(work, repository, { consistent: false })) {",
      ),
    ],
    scenario: {
      given: [pushesImage(FIRST, ONE), deletes(FIRST, ONE)],
      later: OLD_MS,
      actors: [pushesImage(FIRST, ONE), collects()],
    },
  },
];
