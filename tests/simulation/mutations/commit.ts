import { cancels, collects, forges, later, mounts, pushes, pushesImage, sweeps } from "../actors.ts";
import { EXPIRY_MS } from "../settings.ts";
import { SINGLE } from "../world.ts";
import { edit, type Mutation } from "./mutation.ts";
import { CONFIG, FAILED_STORES, LARGE, LATE_REPEATS, oldBlob, ONE, TWO } from "./scenes.ts";

/** Mistakes in commits and mounts. */
export const COMMIT_MISTAKES: Mutation[] = [
  {
    name: "commit and mount do not look at the blob again after the link (4)",
    edits: [edit(
      "registry/blobs/link.ts",
      "const after = stored<BlobAttributes>(await work.table.get(blobKey(digest), { consistent: true }));",
      "return linked; const after = stored<BlobAttributes>(await work.table.get(blobKey(digest)));",
    )],
    scenario: { ...oldBlob, actors: [mounts(CONFIG, TWO, ONE), collects()] },
  },
  {
    name: "commit and mount look at the blob again by a read that may lag (4)",
    edits: [edit(
      "registry/blobs/link.ts",
      "await work.table.get(blobKey(digest), { consistent: true }));\n    if (after?",
      "await work.table.get(blobKey(digest)));\n    if (after?",
    )],
    scenario: { ...oldBlob, actors: [mounts(CONFIG, TWO, ONE), collects()] },
  },
  {
    name: "commit and mount look at the blob again before the link (3 after 4)",
    edits: [
      edit(
        "registry/blobs/link.ts",
        "    await putLink(work, repository, digest, beside);\n    // No collector",
        "    // No collector",
      ),
      edit(
        "registry/blobs/link.ts",
        'if (named === "ours") return { digest, ...candidate! };',
        'if (named === "ours") { await putLink(work, repository, digest); return { digest, ...candidate! }; }',
      ),
      edit(
        "registry/blobs/link.ts",
        'if (after?.attributes.state !== "live") return RETRY;',
        'if (after?.attributes.state !== "live") return RETRY;\n    await putLink(work, repository, digest);',
      ),
    ],
    scenario: { ...oldBlob, actors: [mounts(CONFIG, TWO, ONE), collects()] },
  },
  {
    name: "commit and mount take a condemned blob as it is (2)",
    edits: [
      edit(
        "registry/blobs/link.ts",
        'if (blob?.attributes.state === "live") return "another\'s";',
        'if (blob !== undefined && blob.attributes.state !== "deleting") return "another\'s";',
      ),
      edit(
        "registry/blobs/link.ts",
        'if (after?.attributes.state !== "live") return RETRY;',
        'if (after === undefined || after.attributes.state === "deleting") return RETRY;',
      ),
    ],
    scenario: { ...oldBlob, actors: [mounts(CONFIG, TWO, ONE), collects()] },
  },
  {
    name: "commit and mount link a blob that is being deleted (2)",
    edits: [
      edit(
        "registry/blobs/link.ts",
        'if (blob?.attributes.state === "live") return "another\'s";',
        'if (blob !== undefined) return "another\'s";',
      ),
      edit(
        "registry/blobs/link.ts",
        'if (after?.attributes.state !== "live") return RETRY;',
        "if (after === undefined) return RETRY;",
      ),
    ],
    scenario: { ...oldBlob, actors: [mounts(CONFIG, TWO, ONE), collects()] },
  },
  {
    name: "commit looks for no blob and puts its own whatever is there (2)",
    edits: [
      edit("registry/blobs/link.ts", 'if (work.absent.take(digest)) return "absent";', 'return "absent";'),
      edit(
        "registry/blobs/link.ts",
        "putBlob(work, digest, candidate, { ifAbsent: true }),",
        "work.table.putMany([{ ...blobKey(digest), attributes: { ...candidate, state: 'live', writtenAt: work.now() } }]).then(() => ''),",
      ),
    ],
  },
  {
    name: "a known blob is linked without a look after the link (4)",
    edits: [edit(
      "registry/blobs/link.ts",
      "  return linkBlob(work, repository, digest, { isSeen: true });",
      "  return putLink(work, repository, digest).then(() => ({ digest, size: 0, object: '' }));",
    )],
    scenario: { ...oldBlob, actors: [pushes(CONFIG, TWO, "whole"), collects()] },
  },
  {
    name: "a known blob is linked before its bytes have come",
    edits: [edit(
      "registry/uploads/commit.ts",
      "  const stored = await hashBody(context, session, digest, body);",
      "  await linkKnown(beginWork(context), session.item.attributes, digest);\n  const stored = await hashBody(context, session, digest, body);",
    )],
    scenario: { given: [pushes(CONFIG, ONE, "whole")], later: 0, actors: [forges(CONFIG, TWO)] },
  },
  {
    name: "commit forgets the object of a blob that a collector was deleting (2)",
    edits: [
      edit(
        "registry/blobs/link.ts",
        'if (blob?.attributes.state === "deleting") await work.objects.delete([blob.attributes.object]);',
        "",
      ),
    ],
    scenario: {
      given: [pushes(CONFIG, ONE, "whole"), later(EXPIRY_MS + 600, sweeps())],
      later: 0,
      actors: [collects(), pushes(CONFIG, TWO, "whole")],
      danger: "often",
    },
    from: 5000,
  },
  {
    name: "commit links nothing (3)",
    edits: [edit(
      "registry/blobs/link.ts",
      "      putLink(work, repository, digest),\n",
      "",
    )],
  },
  {
    name: "commit links before there is a blob (3 before 2), and a link alone counts",
    edits: [
      edit(
        "registry/blobs/blobs.ts",
        "items.blob !== undefined && isReadable(items.blob.attributes)",
        "(items.blob === undefined || isReadable(items.blob.attributes))",
      ),
      edit(
        "registry/blobs/blobs.ts",
        "const { object, size, writtenAt } = blob.attributes;",
        "const { object, size = 0, writtenAt = 0 } = blob?.attributes ?? {};",
      ),
      edit(
        "registry/blobs/blobs.ts",
        "else if (mayBeTorn(context, membership))",
        "else if (membership.blob !== undefined && mayBeTorn(context, membership))",
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
      "registry/uploads/commit.ts",
      "await dropContent(work, attributes, linked.object);",
      "await dropContent(work, attributes);",
    )],
  },
  {
    name: "commit drops nothing where the blob names another object, and the sweep neither (5)",
    edits: [
      edit("registry/uploads/commit.ts", "    await dropContent(work, attributes, linked.object);\n", ""),
      edit(
        "registry/uploads/sweep.ts",
        "const unneeded = keys.filter((key) => !kept.has(key));",
        "const unneeded = [] as string[];",
      ),
    ],
  },
  {
    name: "an upload is advanced whatever other requests have made of it (0)",
    edits: [edit(
      "registry/uploads/upload_session.ts",
      "if (version !== undefined) return { id: session.id, item: { ...item, attributes, version } };",
      'return { id: session.id, item: { ...item, attributes, version: version ?? "lost" } };',
    )],
    scenario: { given: [], later: 0, actors: [pushes(LARGE, ONE, "chunked twice")] },
  },
  {
    name: "an upload that continues after its last part loses the object of its first body at once",
    edits: [edit(
      "registry/uploads/part_writer.ts",
      "for await (const chunk of found.chunks) await this.#write(chunk);",
      "for await (const chunk of found.chunks) await this.#write(chunk);\n    await objects.delete([object!]);",
    )],
    scenario: { given: [], later: 0, actors: [pushes(LARGE, ONE, "continued")], danger: "often" },
  },
  {
    name: "an upload continues after its last part as if that were a full one",
    edits: [edit(
      "registry/uploads/part_writer.ts",
      "this.#ended = content.lastPart === undefined ? undefined : content;",
      "this.#ended = undefined;",
    )],
    scenario: { given: [], later: 0, actors: [pushes(LARGE, ONE, "continued")] },
  },
  {
    name: "an upload is remembered only when its bytes are stored",
    edits: [
      edit(
        "registry/uploads/upload_session.ts",
        "const version = await work.table.put(item, { ifAbsent: true });",
        "const seen = await work.table.get(item, { consistent: true }); const version = seen === undefined ? 'none' : undefined;",
      ),
      edit(
        "registry/uploads/upload_session.ts",
        "const version = await context.table.put(item, { ifVersion: session.item.version });",
        "const version = await context.table.put(item, session.item.version === 'none' ? { ifAbsent: true } : { ifVersion: session.item.version });",
      ),
      edit(
        "registry/uploads/commit.ts",
        "await work.table.put(done, { ifVersion: session.item.version });",
        "await work.table.put(done, session.item.version === 'none' ? { ifAbsent: true } : { ifVersion: session.item.version });",
      ),
    ],
  },
  {
    name: "a repeated commit names an object that a collector has deleted (2)",
    edits: [edit(
      "registry/uploads/commit.ts",
      "...(repeated ? { isRepeated: true } : {})",
      "...(repeated ? {} : {})",
    )],
    scenario: LATE_REPEATS,
    from: 90,
  },
  {
    name: "a repeated commit looks for its object before it reads the blob's item (2)",
    edits: [
      edit(
        "registry/blobs/link.ts",
        "  const blob = stored<BlobAttributes>(await work.table.get(blobKey(digest), { consistent: true }));\n  //    Old items",
        "  const size = await work.objects.size(candidate?.object ?? digest);\n  const blob = stored<BlobAttributes>(await work.table.get(blobKey(digest), { consistent: true }));\n  //    Old items",
      ),
      edit(
        "registry/blobs/link.ts",
        "await work.objects.size(candidate.object) === undefined;",
        "size === undefined;",
      ),
    ],
    scenario: LATE_REPEATS,
    from: 5930,
  },
  {
    name: "a repeated commit takes the object of a blob that is being deleted (2)",
    edits: [edit(
      "registry/blobs/link.ts",
      "const isGone = blob?.attributes.object === candidate.object ||\n      await",
      "const isGone = await",
    )],
    scenario: LATE_REPEATS,
    from: 90,
  },
  {
    name: "a repeated commit fails for ever when a collector has deleted what its parts had become (1)",
    edits: [edit(
      "registry/uploads/commit.ts",
      "if (!(error instanceof CollectedObjectError || error instanceof UnknownPartsError)) throw error;",
      "if (!(error instanceof CollectedObjectError)) throw error;",
    )],
    scenario: LATE_REPEATS,
    from: 990,
  },
  {
    name: "a failed commit makes its repetition wait for its deadline (0)",
    edits: [edit("registry/uploads/commit.ts", "    await endTurn(context, progress, error);\n", "")],
    scenario: FAILED_STORES,
  },
  {
    name: "a failed commit leaves its upload open, so that it can be cancelled (0)",
    edits: [edit(
      "registry/uploads/commit_turn.ts",
      "{ ...attributes, failed: true };",
      '{ ...attributes, state: "open" };',
    )],
    scenario: {
      given: [],
      later: 0,
      actors: [cancels(CONFIG, ONE, { commits: "before" }), cancels(LARGE, ONE, { commits: "before" })],
      danger: "often",
    },
  },
];
