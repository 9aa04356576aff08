/**
 * One mistake for each step and condition of the protocols: the simulation has to find every one of them, or it could not
 * be believed when it finds nothing.
 *
 * @module
 */
import type { Scenario } from "./simulation.ts";
import {
  abandons,
  collects,
  deletes,
  later,
  mounts,
  pushes,
  pushesImage,
  putsManifest,
  retains,
  sweeps,
} from "./actors.ts";
import { EXPIRY, GRACE, UNTAGGED } from "./settings.ts";
import { ARTIFACT, BLOBS, FIRST, INDEX, REPOSITORIES, SECOND, SINGLE } from "./world.ts";

/** A change of the source. */
export interface Edit {
  /** In `registry/`. */
  file: string;
  /** What stands there, once. */
  find: string;
  /** What stands there instead. */
  replace: string;
}

/** A mistake. */
export interface Mutation {
  /** What is wrong. */
  name: string;
  edits: Edit[];
  /** Where it shows, if any processes at all would take too long to come by it. */
  scenario?: Scenario;
  /** The seed from which on it is looked for: of some, tens of thousands come by nothing. */
  from?: number;
}

const [ONE, TWO] = REPOSITORIES;
const [CONFIG, LAYER, LARGE] = BLOBS;

/** So much later that what is there may be collected. */
const OLD = GRACE + 600;

/** A blob that one repository has and no manifest references, old enough to go. */
const oldBlob = { given: [pushes(CONFIG, ONE, "whole")], later: OLD };
/** The same, for both blobs of an image. */
const oldBlobs = { given: [pushes(CONFIG, ONE, "whole"), pushes(LAYER, ONE, "whole")], later: OLD };
const image = { given: [pushesImage(FIRST, ONE, { tags: ["a"] })], later: 0 };
const oldImage = { ...image, later: OLD };
/** Edges and marks of a manifest that is gone. */
const oldEdges = { given: [pushesImage(FIRST, ONE, { tags: ["a"] }), deletes(FIRST, ONE)], later: OLD };

const edit = (file: string, find: string, replace: string): Edit => ({ file, find, replace });

/** All of them. */
export const MUTATIONS: Mutation[] = [
  {
    name: "commit and mount do not look at the blob again after the link (4)",
    edits: [edit(
      "link.ts",
      "const after = stored<BlobAttributes>(await work.table.get(blobKey(digest), { consistent: true }));",
      "return linked; const after = stored<BlobAttributes>(await work.table.get(blobKey(digest)));",
    )],
    scenario: { ...oldBlob, actors: [mounts(CONFIG, TWO, ONE), collects()] },
  },
  {
    name: "commit and mount look at the blob again by a read that may lag (4)",
    edits: [edit(
      "link.ts",
      "await work.table.get(blobKey(digest), { consistent: true }));\n    if (after?",
      "await work.table.get(blobKey(digest)));\n    if (after?",
    )],
    scenario: { ...oldBlob, actors: [mounts(CONFIG, TWO, ONE), collects()] },
  },
  {
    name: "commit and mount look at the blob again before the link (3 after 4)",
    edits: [
      edit(
        "link.ts",
        "    await putLink(work, repository, digest);\n    // No collector",
        "    // No collector",
      ),
      edit(
        "link.ts",
        'if (named === "ours") return { digest, ...candidate! };',
        'if (named === "ours") { await putLink(work, repository, digest); return { digest, ...candidate! }; }',
      ),
      edit(
        "link.ts",
        'if (after?.attributes.state !== "live") return AGAIN;',
        'if (after?.attributes.state !== "live") return AGAIN;\n    await putLink(work, repository, digest);',
      ),
    ],
    scenario: { ...oldBlob, actors: [mounts(CONFIG, TWO, ONE), collects()] },
  },
  {
    name: "commit and mount take a condemned blob as it is (2)",
    edits: [
      edit(
        "link.ts",
        'if (blob?.attributes.state === "live") return "another\'s";',
        'if (blob !== undefined && blob.attributes.state !== "deleting") return "another\'s";',
      ),
      edit(
        "link.ts",
        'if (after?.attributes.state !== "live") return AGAIN;',
        'if (after === undefined || after.attributes.state === "deleting") return AGAIN;',
      ),
    ],
    scenario: { ...oldBlob, actors: [mounts(CONFIG, TWO, ONE), collects()] },
  },
  {
    name: "commit and mount link a blob that is being deleted (2)",
    edits: [
      edit(
        "link.ts",
        'if (blob?.attributes.state === "live") return "another\'s";',
        'if (blob !== undefined) return "another\'s";',
      ),
      edit(
        "link.ts",
        'if (after?.attributes.state !== "live") return AGAIN;',
        "if (after === undefined) return AGAIN;",
      ),
    ],
    scenario: { ...oldBlob, actors: [mounts(CONFIG, TWO, ONE), collects()] },
  },
  {
    name: "commit puts its blob whatever is there (2)",
    edits: [edit(
      "link.ts",
      "const isNew = await putBlob(work, digest, candidate, { ifAbsent: true }) !== undefined;",
      "await work.table.putMany([{ ...blobKey(digest), attributes: { ...candidate, state: 'live', writtenAt: work.now() } }]);\n  const isNew = true;",
    )],
  },
  {
    name: "commit forgets the object of a blob that a collector was deleting (2)",
    edits: [
      edit(
        "link.ts",
        'if (blob?.attributes.state === "deleting") await work.objects.delete([blob.attributes.object]);',
        "",
      ),
    ],
    scenario: {
      given: [pushes(CONFIG, ONE, "whole"), later(EXPIRY + 600, sweeps())],
      later: 0,
      actors: [collects(), pushes(CONFIG, TWO, "whole")],
      risky: true,
    },
    from: 3400,
  },
  {
    name: "commit links nothing (3)",
    edits: [edit(
      "link.ts",
      "  if (isNew) {\n    await putLink(work, repository, digest);",
      "  if (isNew) {",
    )],
  },
  {
    name: "commit links before there is a blob (3 before 2), and a link alone counts",
    edits: [
      edit(
        "blobs.ts",
        "items.blob !== undefined && isReadable(items.blob.attributes)",
        "(items.blob === undefined || isReadable(items.blob.attributes))",
      ),
      edit(
        "blobs.ts",
        "return { digest, size: membership.blob.attributes.size };",
        "return { digest, size: membership.blob?.attributes.size ?? 0 };",
      ),
    ],
    scenario: {
      ...oldBlob,
      actors: [mounts(CONFIG, TWO, ONE), collects(), later(400, pushesImage(SINGLE, TWO))],
    },
  },
  {
    name: "commit drops the object that the blob names (5)",
    edits: [edit(
      "commit.ts",
      "await dropContent(work, attributes, linked.object);",
      "await dropContent(work, attributes);",
    )],
  },
  {
    name: "commit drops nothing where the blob names another object, and the sweep neither (5)",
    edits: [
      edit("commit.ts", "    await dropContent(work, attributes, linked.object);\n", ""),
      edit(
        "sweep.ts",
        "const unneeded = keys.filter((key) => !kept.has(key));",
        "const unneeded = [] as string[];",
      ),
    ],
  },
  {
    name: "an upload is advanced whatever somebody else has made of it (0)",
    edits: [edit(
      "upload_session.ts",
      "if (version !== undefined) return { id: session.id, item: { ...item, attributes, version } };",
      'return { id: session.id, item: { ...item, attributes, version: version ?? "lost" } };',
    )],
    scenario: { given: [], later: 0, actors: [pushes(LARGE, ONE, "chunked twice")] },
  },
  {
    name: "an upload is remembered only when its bytes are stored",
    edits: [
      edit(
        "upload_session.ts",
        "const version = await work.table.put(item, { ifAbsent: true });",
        "const seen = await work.table.get(item, { consistent: true }); const version = seen === undefined ? 'none' : undefined;",
      ),
      edit(
        "upload_session.ts",
        "const version = await context.table.put(item, { ifVersion: session.item.version });",
        "const version = await context.table.put(item, session.item.version === 'none' ? { ifAbsent: true } : { ifVersion: session.item.version });",
      ),
      edit(
        "commit.ts",
        "await work.table.put(uploadItem(session.id, done), { ifVersion: session.item.version });",
        "await work.table.put(uploadItem(session.id, done), session.item.version === 'none' ? { ifAbsent: true } : { ifVersion: session.item.version });",
      ),
    ],
  },
  {
    name: "the sweep takes an upload that has not expired",
    edits: [
      edit(
        "sweep.ts",
        "return expiresAt < now && (",
        "return expiresAt - work_age < now && (".replace("work_age", "context.uploadExpiry"),
      ),
      edit("sweep.ts", "item.index!.sk < expirySortKey(context.now())", "true"),
    ],
  },
  {
    name: "the sweep takes an upload that is being committed",
    edits: [
      edit("sweep.ts", '(state !== "committing" || committingUntil + context.grace < now)', "true"),
      edit("sweep.ts", "expiresAt < now &&", "expiresAt - context.uploadExpiry < now &&"),
      edit("sweep.ts", "item.index!.sk < expirySortKey(context.now())", "true"),
    ],
  },
  {
    name: "the sweep deletes the object of a blob",
    edits: [
      edit("sweep.ts", "const unneeded = keys.filter((key) => !kept.has(key));", "const unneeded = keys;"),
    ],
  },
  {
    name: "the sweep looks for the blob by a read that may lag",
    edits: [
      edit(
        "sweep.ts",
        "await work.table.getMany(keys, { consistent: true });",
        "await work.table.getMany(keys);",
      ),
      edit("sweep.ts", "return expiresAt < now && (", "return true && ("),
      edit("sweep.ts", "item.index!.sk < expirySortKey(context.now())", "true"),
    ],
  },
  {
    name: "the sweep knows nothing of the digest that the first request committed",
    edits: [
      edit("sweep.ts", "[...new Set([attempt, digest])]", "[...new Set([digest])]"),
      edit("commit.ts", "attempt === undefined ? {} : { attempt }", "{}"),
      edit("commit.ts", '    state: "done",\n    digest,', '    state: "done",'),
    ],
  },
  {
    name: "the sweep forgets an upload before all else of it is gone",
    edits: [
      edit(
        "sweep.ts",
        "const removed = await removeContent(work, upload);\n  await work.table.delete({ pk, sk }, { ifVersion: version });",
        "await work.table.delete({ pk, sk }, { ifVersion: version });\n  const removed = await removeContent(work, upload);",
      ),
    ],
    scenario: { given: [abandons(LARGE, ONE)], later: EXPIRY + OLD, actors: [sweeps(), collects()] },
  },
  {
    name: "a manifest's edges come after the look at what they lead to (2 after 3)",
    edits: [
      edit("manifest_push.ts", "      ...edgeItems(repository, digest, parsed, attributes),\n", ""),
      edit(
        "manifest_push.ts",
        "    assertComplete(work, seen.missing);\n",
        "    assertComplete(work, seen.missing);\n    await work.table.putMany(edgeItems(repository, digest, parsed, attributes));\n",
      ),
    ],
    scenario: { ...oldBlobs, actors: [putsManifest(FIRST, ONE, "a"), collects()] },
  },
  {
    name: "a manifest has no edges (2)",
    edits: [
      edit("manifest_push.ts", "      ...edgeItems(repository, digest, parsed, attributes),\n", ""),
    ],
  },
  {
    name: "a manifest's links are read along with the blobs, as if a batch were a snapshot (3)",
    edits: [
      edit(
        "references.ts",
        "const first = await work.table.getMany(keys, { consistent: true });\n  const blobs = await work.table.getMany(targets.map((target) => blobKey(target.digest)), {\n    consistent: true,\n  });",
        "const all = await work.table.getMany([...keys, ...targets.map((target) => blobKey(target.digest))], { consistent: true });\n  const first = all.slice(0, keys.length); const blobs = all.slice(keys.length);",
      ),
    ],
    scenario: { ...oldBlob, actors: [putsManifest(SINGLE, ONE), mounts(CONFIG, ONE), collects()] },
    from: 130600,
  },
  {
    name: "a manifest's links are read by a read that may lag (3)",
    edits: [edit(
      "references.ts",
      "const first = await work.table.getMany(keys, { consistent: true });",
      "const first = await work.table.getMany(keys);",
    )],
    scenario: { ...oldBlobs, actors: [putsManifest(FIRST, ONE, "a"), collects()] },
  },
  {
    name: "a manifest's blobs are read by a read that may lag (3)",
    edits: [edit(
      "references.ts",
      "blobKey(target.digest)), {\n    consistent: true,\n  });",
      "blobKey(target.digest)), {\n    consistent: false,\n  });",
    )],
    scenario: { ...oldBlob, actors: [putsManifest(SINGLE, ONE), mounts(CONFIG, ONE), collects()] },
    from: 4400,
  },
  {
    name: "a push leaves a collector's mark on the link (3)",
    edits: [edit("references.ts", 'if (link.attributes.state === "condemned") {', "if (false) {")],
    scenario: { ...oldBlobs, actors: [putsManifest(FIRST, ONE, "a"), collects()] },
  },
  {
    name: "a push leaves a collector's mark on the blob (3)",
    edits: [edit("references.ts", 'if (blob.attributes.state === "condemned") {', "if (false) {")],
    scenario: { ...oldBlob, actors: [putsManifest(SINGLE, ONE), mounts(CONFIG, ONE), collects()] },
    from: 55000,
  },
  {
    name: "a push does not care whether it took a mark away (3)",
    edits: [
      edit(
        "references.ts",
        "if (await work.table.put(item, { ifVersion }) === undefined) return AGAIN;",
        "await work.table.put(item, { ifVersion });",
      ),
      edit("references.ts", "return revived ? AGAIN : {", "return {"),
    ],
    scenario: { ...oldBlobs, actors: [putsManifest(FIRST, ONE, "a"), collects()] },
  },
  {
    name: "a push takes a blob that is being deleted for one that is there (3)",
    edits: [
      edit("references.ts", 'if (!isReadable(blob.attributes)) return "gone";', ""),
    ],
    scenario: { ...oldBlob, actors: [putsManifest(SINGLE, ONE), mounts(CONFIG, ONE), collects()] },
    from: 19000,
  },
  {
    name: "a push does not care whether all is there (3)",
    edits: [edit("manifest_push.ts", "    assertComplete(work, seen.missing);\n", "")],
  },
  {
    name: "a push repeated does not write the manifest anew (4)",
    edits: [edit(
      "manifest_store.ts",
      "    const attributes: ManifestAttributes = {",
      "    if (current !== undefined) return;\n    const attributes: ManifestAttributes = {",
    )],
    scenario: {
      given: [pushesImage(SINGLE, ONE)],
      later: UNTAGGED + 600,
      actors: [retains({ times: 3 }), later(GRACE / 2, putsManifest(SINGLE, ONE))],
    },
  },
  {
    name: "a push announces nothing of the object of a large manifest (4)",
    edits: [
      edit(
        "manifest_store.ts",
        "export const MOST_IN_ITEM = 256 * 1024;",
        "export const MOST_IN_ITEM = 600;",
      ),
      edit(
        "manifest_store.ts",
        'const session = await createUpload(work, randomId(), prefix === undefined ? upload : { ...upload, prefix });\n  if (session === undefined) throw new Error("A random id is taken");\n  return newObjectKey(session.item.attributes.prefix);',
        "return newObjectKey(`manifests/abc/${randomId()}-`);",
      ),
    ],
    scenario: { ...image, actors: [pushesImage(ARTIFACT, ONE), deletes(ARTIFACT, ONE)] },
  },
  {
    name: "a delete does not announce the object of a large manifest",
    edits: [
      edit(
        "manifest_store.ts",
        "export const MOST_IN_ITEM = 256 * 1024;",
        "export const MOST_IN_ITEM = 600;",
      ),
      edit(
        "manifest_delete.ts",
        "      await announceManifestObject(work, repository, digest, prefixOf(object));\n",
        "",
      ),
    ],
    scenario: {
      given: [pushesImage(ARTIFACT, ONE)],
      later: EXPIRY + OLD,
      actors: [sweeps(), deletes(ARTIFACT, ONE), sweeps()],
    },
  },
  {
    name: "a referrer is put before its manifest and not after (5 before 4)",
    edits: [
      edit(
        "manifest_push.ts",
        "    if (parsed.subject !== undefined) await putReferrer(work, repository, parsed, digest, push.bytes.length);\n",
        "",
      ),
      edit(
        "manifest_push.ts",
        "    await putManifestItem(work,",
        "    if (parsed.subject !== undefined) await putReferrer(work, repository, parsed, digest, push.bytes.length);\n    await putManifestItem(work,",
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
        "manifest_push.ts",
        "    if (parsed.subject !== undefined) await putReferrer(work, repository, parsed, digest, push.bytes.length);\n",
        "",
      ),
    ],
  },
  {
    name: "a tag is put before its manifest (6 before 4)",
    edits: [
      edit(
        "manifest_push.ts",
        "    const manifest = { ...content, push: run };\n    await putManifestItem(work, repository, manifest, principal, stored<ManifestAttributes>(current));\n    mayDangle = true;\n",
        "",
      ),
      edit(
        "manifest_push.ts",
        "    // 7. A delete",
        "    const manifest = { ...content, push: run };\n    await putManifestItem(work, repository, manifest, principal, stored<ManifestAttributes>(current));\n    mayDangle = true;\n    // 7. A delete",
      ),
    ],
    scenario: { ...oldBlobs, actors: [putsManifest(FIRST, ONE, "a"), collects()] },
  },
  {
    name: "a tag has no mark by which a delete finds it (2)",
    edits: [
      edit(
        "manifest_push.ts",
        "      ...tags.map((tag) => ({ ...taggedKey(repository, digest, tag), attributes })),\n",
        "",
      ),
    ],
  },
  {
    name: "a tag is put whatever it was (6)",
    edits: [edit(
      "tags.ts",
      "const version = await work.table.put({ ...tagKey(repository, tag), attributes }, condition);\n    return version === undefined ? AGAIN : undefined;\n  });\n}\n\n/**\n * RFC 9110",
      "await work.table.putMany([{ ...tagKey(repository, tag), attributes }]);\n    return condition as unknown as undefined;\n  });\n}\n\n/**\n * RFC 9110",
    )],
    scenario: {
      given: [pushesImage(FIRST, ONE, { tags: ["a"] }), pushesImage(SECOND, ONE)],
      later: 0,
      actors: [putsManifest(SECOND, ONE, "a"), putsManifest(INDEX, ONE, "a")],
    },
  },
  {
    name: "a push does not look whether its manifest is still there (7)",
    edits: [edit("manifest_push.ts", "    if (after === undefined) return AGAIN;\n", "")],
    scenario: { ...image, actors: [putsManifest(FIRST, ONE, "b"), deletes(FIRST, ONE)] },
  },
  {
    name: "a push looks whether its manifest is still there by a read that may lag (7)",
    edits: [edit(
      "manifest_push.ts",
      "const [after, known] = await work.table.getMany(keys, { consistent: true });",
      "const [after, known] = await work.table.getMany(keys);",
    )],
    scenario: { ...image, actors: [putsManifest(FIRST, ONE, "b"), deletes(FIRST, ONE)] },
  },
  {
    name: "a push leaves a collector's mark on the repository (7)",
    edits: [
      edit(
        "repositories.ts",
        "if (current !== undefined && current.attributes.condemnedAt === undefined) return;",
        "if (current !== undefined) return;",
      ),
    ],
    scenario: {
      given: [pushesImage(FIRST, ONE), deletes(FIRST, ONE)],
      later: OLD,
      actors: [pushesImage(FIRST, ONE), collects()],
    },
  },
  {
    name: "a push looks at the repository before it puts its manifest (7 before 4)",
    edits: [
      edit(
        "manifest_push.ts",
        "    await putManifestItem(work, repository, manifest,",
        "    const [known] = await work.table.getMany([repositoryKey(repository)], { consistent: true });\n    await putManifestItem(work, repository, manifest,",
      ),
      edit("manifest_push.ts", "const [after, known] = await", "const [after] = await"),
    ],
    scenario: {
      given: [pushesImage(FIRST, ONE), deletes(FIRST, ONE)],
      later: OLD,
      actors: [pushesImage(FIRST, ONE), collects()],
    },
  },
  {
    name: "a delete does not look at the tags a second time",
    edits: [
      edit(
        "manifest_delete.ts",
        "  await deleteDangling(work, repository, digest, taken?.attributes.subject);\n",
        "",
      ),
    ],
    scenario: { ...image, actors: [putsManifest(FIRST, ONE, "b"), deletes(FIRST, ONE)] },
  },
  {
    name: "a delete takes tags the second time though the manifest is there again",
    edits: [
      edit(
        "manifest_delete.ts",
        "const isGone = async () => await readManifest(work, repository, digest, { consistent: true }) === undefined;",
        "const isGone = always;",
      ),
    ],
    scenario: { ...image, actors: [putsManifest(FIRST, ONE, "b"), deletes(FIRST, ONE)] },
    from: 3100,
  },
  {
    name: "a delete looks at the manifest before it reads the tag the second time",
    edits: [edit(
      "manifest_delete.ts",
      "    const item = await work.table.get(key, { consistent: true });\n    if (item === undefined || !matches(item) || !await may()) return;",
      "    const allowed = await may();\n    const item = await work.table.get(key, { consistent: true });\n    if (item === undefined || !matches(item) || !allowed) return;",
    )],
    scenario: { ...image, actors: [putsManifest(FIRST, ONE, "b"), deletes(FIRST, ONE)] },
    from: 3100,
  },
  {
    name: "a delete takes a manifest that was pushed anew since it looked",
    edits: [
      edit(
        "manifest_delete.ts",
        "const deleted = await work.table.delete(manifestKey(repository, digest), { ifVersion: manifest.version });",
        "const latest = await readManifest(work, repository, digest, { consistent: true });\n    const deleted = latest === undefined || await work.table.delete(manifestKey(repository, digest), { ifVersion: latest.version });",
      ),
      edit(
        "manifest_delete.ts",
        "  await deleteDangling(work, repository, digest, taken?.attributes.subject);\n",
        "",
      ),
    ],
    scenario: { ...image, actors: [putsManifest(FIRST, ONE, "b"), deletes(FIRST, ONE)] },
  },
  {
    name: "a delete forgets its place among the referrers",
    edits: [
      edit(
        "manifest_delete.ts",
        "    if (subject !== undefined) await deleteReferrer(work, repository, digest, subject);\n",
        "",
      ),
      edit(
        "manifest_delete.ts",
        "  if (subject !== undefined) await deleteReferrer(work, repository, digest, subject, isGone);\n",
        "",
      ),
      edit(
        "collect_leftovers.ts",
        '    case "referrer":\n      return {',
        '    case "referrers":\n      return {',
      ),
    ],
  },
  {
    name: "the collector does not look at the edges again after its mark",
    edits: [
      edit(
        "collect_blob.ts",
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
        "collect_blob.ts",
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
        "collect_blob.ts",
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
        "collect_blob.ts",
        '    return "needed";\n  }\n  return await work.table.delete(key, { ifVersion: version }) ? "removed" : AGAIN;',
        '    return "needed";\n  }\n  const latest = await work.table.get(key, { consistent: true });\n  return latest !== undefined && await work.table.delete(key, { ifVersion: latest.version }) ? "removed" : AGAIN;',
      ),
    ],
    scenario: { ...oldBlobs, actors: [putsManifest(FIRST, ONE, "a"), collects()] },
  },
  {
    name: "the collector looks at the edges before its mark alone",
    edits: [
      edit(
        "collect_blob.ts",
        "  const version = await work.table.put({ ...item, attributes: condemned }, { ifVersion: link.version });",
        "  const needed = await isNeeded();\n  const version = await work.table.put({ ...item, attributes: condemned }, { ifVersion: link.version });",
      ),
      edit("collect_blob.ts", "if (await isNeeded()) {", "if (needed) {"),
    ],
    scenario: { ...oldBlobs, actors: [putsManifest(FIRST, ONE, "a"), collects()] },
  },
  {
    name: "the collector does not wait for the grace time of a link",
    edits: [
      edit(
        "collect_blob.ts",
        "return isOld(context, Math.max(touchedAt, condemnedAt));",
        "return touchedAt <= condemnedAt || context === undefined;",
      ),
    ],
  },
  {
    name: "the collector never takes up the mark of one that died on a link",
    edits: [
      edit(
        "collect_blob.ts",
        "if (link === undefined || !isLinkOld(work, link.attributes)) return false;",
        'if (link === undefined || link.attributes.state === "condemned" || !isLinkOld(work, link.attributes)) return false;',
      ),
    ],
    scenario: { ...oldBlobs, actors: [collects(), collects()] },
  },
  {
    name: "the collector does not look at the links again after its mark",
    edits: [
      edit("collect_blob.ts", "if (await isLinked(work, digest, { consistent: true })) {", "if (false) {"),
    ],
    scenario: { ...oldBlob, actors: [mounts(CONFIG, TWO, ONE), collects()] },
  },
  {
    name: "the collector looks at the links by a read that may lag",
    edits: [
      edit(
        "collect_blob.ts",
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
        "collect_blob.ts",
        "    const condemnedAt = work.now();\n    const condemned: BlobAttributes",
        "    const condemnedAt = work.now();\n    const linked = await isLinked(work, digest, { consistent: true });\n    const condemned: BlobAttributes",
      ),
      edit(
        "collect_blob.ts",
        "if (await isLinked(work, digest, { consistent: true })) {\n      await",
        "if (linked) {\n      await",
      ),
    ],
    scenario: { ...oldBlob, actors: [mounts(CONFIG, TWO, ONE), collects()] },
  },
  {
    name: "the collector deletes the bytes of a blob that may still be taken back (no state deleting)",
    edits: [edit(
      "collect_blob.ts",
      "const taken = await work.table.put({ ...key, attributes: deleting }, { ifVersion: marked });\n    if (taken === undefined) return undefined;\n    version = taken;",
      "void deleting; version = marked;",
    )],
    scenario: { ...oldBlob, actors: [mounts(CONFIG, TWO, ONE), collects()] },
  },
  {
    name: "the collector goes on though its mark was taken from a blob",
    edits: [edit(
      "collect_blob.ts",
      "    if (taken === undefined) return undefined;\n    version = taken;",
      "    version = taken ?? marked;",
    )],
    scenario: { ...oldBlob, actors: [mounts(CONFIG, TWO, ONE), collects()] },
  },
  {
    name: "the collector does not wait for the grace time of a blob",
    edits: [
      edit(
        "collect_blob.ts",
        "isOld(context, Math.max(writtenAt, condemnedAt))",
        "(writtenAt <= condemnedAt || context === undefined)",
      ),
      edit(
        "link.ts",
        "  if (isNew) {\n    await putLink(work, repository, digest);",
        "  if (isNew) {\n    await work.sleep(50);\n    await putLink(work, repository, digest);",
      ),
    ],
    scenario: { given: [], later: 0, actors: [pushes(CONFIG, TWO, "whole"), collects(), collects()] },
  },
  {
    name: "the collector deletes the item of a blob before its bytes",
    edits: [edit(
      "collect_blob.ts",
      "  await work.objects.delete([attributes.object]);\n  return await work.table.delete(key, { ifVersion: version }) ? attributes.size : undefined;",
      "  const gone = await work.table.delete(key, { ifVersion: version });\n  await work.objects.delete([attributes.object]);\n  return gone ? attributes.size : undefined;",
    )],
    scenario: { ...oldBlob, actors: [collects(), collects()], risky: true },
    from: 16400,
  },
  {
    name: "the collector deletes the item of a blob that has become another's",
    edits: [edit(
      "collect_blob.ts",
      "return await work.table.delete(key, { ifVersion: version }) ? attributes.size : undefined;",
      "const latest = await work.table.get(key, { consistent: true });\n  return latest !== undefined && await work.table.delete(key, { ifVersion: latest.version }) ? attributes.size : undefined;",
    )],
    scenario: { ...oldBlob, actors: [pushes(CONFIG, TWO, "whole"), collects()] },
  },
  {
    name: "the collector never takes up a blob that one was deleting who died",
    edits: [
      edit(
        "collect_blob.ts",
        "if (blob === undefined || !isBlobOld(work, blob.attributes)) return undefined;",
        'if (blob === undefined || blob.attributes.state !== "live" || !isBlobOld(work, blob.attributes)) return undefined;',
      ),
    ],
    scenario: { ...oldBlob, actors: [collects(), collects()] },
  },
  {
    name: "the collector takes an edge for one without a manifest by a read that may lag",
    edits: [
      edit(
        "collect_leftovers.ts",
        "if ((await dangling(work, [pointer], { consistent: true })).length === 0) return false;",
        "if ((await dangling(work, [pointer], { consistent: false })).length === 0) return false;",
      ),
      edit(
        "collect_leftovers.ts",
        "if (!isOld(context, stored<MarkAttributes>(item)!.attributes.at)) return undefined;\n      return { item, target: manifestKey(repository, second as Digest), matches: always };",
        "return { item, target: manifestKey(repository, second as Digest), matches: always };",
      ),
    ],
    scenario: { ...oldBlobs, actors: [putsManifest(FIRST, ONE, "a"), collects()] },
  },
  {
    name: "the collector does not wait for the grace time of an edge",
    edits: [
      edit(
        "collect_leftovers.ts",
        'case "edge":\n      if (!isOld(context, stored<MarkAttributes>(item)!.attributes.at)) return undefined;',
        'case "edge":',
      ),
    ],
    scenario: { ...oldBlobs, actors: [putsManifest(FIRST, ONE, "a"), collects()] },
  },
  {
    name: "the collector does not wait for the grace time of a tag's mark",
    edits: [
      edit(
        "collect_leftovers.ts",
        'case "tagged":\n      if (!isOld(context, stored<MarkAttributes>(item)!.attributes.at)) return undefined;',
        'case "tagged":',
      ),
    ],
    scenario: { ...image, actors: [putsManifest(FIRST, ONE, "b"), collects(), deletes(FIRST, ONE)] },
  },
  {
    name: "the collector deletes an edge that was written anew since it looked",
    edits: [edit(
      "collect_leftovers.ts",
      "  const { pk, sk, version } = pointer.item;\n  return await work.table.delete({ pk, sk }, { ifVersion: version });",
      "  const { pk, sk } = pointer.item;\n  const latest = await work.table.get({ pk, sk }, { consistent: true });\n  return latest !== undefined && await work.table.delete({ pk, sk }, { ifVersion: latest.version });",
    )],
    scenario: { ...oldEdges, actors: [pushesImage(FIRST, ONE, { tags: ["a"] }), collects()] },
  },
  {
    name: "the collector leaves the edges of manifests that are gone",
    edits: [edit("collect_leftovers.ts", 'case "edge":', 'case "edges":')],
  },
  {
    name: "the collector leaves the marks of tags that are gone",
    edits: [edit("collect_leftovers.ts", 'case "tagged":', 'case "taggeds":')],
  },
  {
    name: "the collector takes marks of tags that are there",
    edits: [
      edit(
        "collect_leftovers.ts",
        "matches: (tag) => stored<TagAttributes>(tag)!.attributes.digest === first,",
        "matches: () => stored<TagAttributes>(item) === undefined,",
      ),
    ],
    scenario: { ...oldImage, actors: [collects(), deletes(FIRST, ONE)] },
  },
  {
    name: "the collector does not look for manifests again after its mark on a repository",
    edits: [
      edit(
        "collect_leftovers.ts",
        "if (await hasManifest(work, repository, { consistent: true })) {",
        "if (false) {",
      ),
    ],
    scenario: {
      given: [pushesImage(FIRST, ONE), deletes(FIRST, ONE)],
      later: OLD,
      actors: [pushesImage(FIRST, ONE), collects()],
    },
  },
  {
    name: "the collector looks for manifests of a repository by a read that may lag",
    edits: [
      edit(
        "collect_leftovers.ts",
        "if (await hasManifest(work, repository, { consistent: true })) {",
        "if (await hasManifest(work, repository, { consistent: false })) {",
      ),
    ],
    scenario: {
      given: [pushesImage(FIRST, ONE), deletes(FIRST, ONE)],
      later: OLD,
      actors: [pushesImage(FIRST, ONE), collects()],
    },
  },
  {
    name: "a HEAD does not renew an old link",
    edits: [edit("blobs.ts", "  if (!context.touch) return false;", "  if (context.touch) return false;")],
    scenario: {
      ...oldBlob,
      later: GRACE - 200,
      actors: [pushesImage(SINGLE, ONE, { pause: GRACE / 4 }), later(400, collects())],
    },
  },
  {
    name: "a HEAD renews a link that was deleted since it looked",
    edits: [
      edit(
        "blobs.ts",
        "const version = await work.table.put(item, { ifVersion: membership.link.version });",
        "await work.table.putMany([item]); const version: string | undefined = '';",
      ),
    ],
    scenario: { ...oldBlob, actors: [pushesImage(FIRST, ONE), collects()] },
  },
  {
    name: "a request goes on writing when its time is over",
    edits: [edit("fenced_table.ts", "if (this.#now() >= this.#until) throw", "if (this.#now() < 0) throw")],
    scenario: {
      ...oldBlob,
      actors: [
        pushesImage(SINGLE, ONE),
        pushes(CONFIG, ONE, "whole"),
        collects({ times: 2 }),
        collects({ times: 2 }),
      ],
      risky: true,
    },
  },
  {
    name: "a HEAD takes a blob that is being deleted for one that is there",
    edits: [
      edit(
        "blobs.ts",
        "items.blob !== undefined && isReadable(items.blob.attributes)",
        "items.blob !== undefined",
      ),
      edit(
        "blobs.ts",
        "if (blob === undefined || !isReadable(blob.attributes)) throw unknownBlob(digest);",
        "if (blob === undefined) throw unknownBlob(digest);",
      ),
    ],
    scenario: { ...oldBlob, actors: [mounts(CONFIG, TWO, ONE), collects(), pushesImage(SINGLE, TWO)] },
    from: 19000,
  },
  {
    name: "an index leaves retention's mark on its children (3)",
    edits: [edit(
      "references.ts",
      "if (manifest?.attributes.condemnedAt === undefined) continue;",
      "if (manifest !== undefined || manifest === undefined) continue;",
    )],
    scenario: {
      given: [pushesImage(FIRST, ONE)],
      later: UNTAGGED + 600,
      actors: [retains(), later(GRACE + 100, putsManifest(INDEX, ONE, "a"))],
    },
  },
  {
    name: "retention does not wait for the grace time after its mark",
    edits: [edit(
      "manifest_retention.ts",
      'if (need === "goes" || !isDue) return "goes";',
      'if (need === "goes" || (isDue && need !== "gone")) return "goes";',
    )],
    scenario: {
      given: [pushesImage(FIRST, ONE)],
      later: UNTAGGED + 600,
      actors: [retains({ times: 1 }), retains({ times: 1 }), putsManifest(INDEX, ONE, "a")],
    },
  },
  {
    name: "retention does not look at what references a manifest",
    edits: [edit(
      "manifest_retention.ts",
      "for await (const other of this.#dependsOn(digest, subject)) {",
      "for await (const other of this.#dependsOn(digest, subject)) {\n      if (other !== subject) continue;",
    )],
    scenario: {
      given: [pushesImage(INDEX, ONE, { tags: ["a"] })],
      later: UNTAGGED + 600,
      actors: [retains()],
    },
  },
  {
    name: "a HEAD takes a batch for a snapshot",
    edits: [
      edit("blobs.ts", "else if (mayBeTorn(context, membership)) await assertBlob(context, digest);", ""),
    ],
    scenario: { ...oldBlob, actors: [mounts(CONFIG, TWO, ONE), collects(), pushesImage(SINGLE, TWO)] },
    from: 9000,
  },
];
