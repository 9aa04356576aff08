import { abandons, collects, pushes, sweeps } from "../actors.ts";
import { EXPIRY_MS } from "../settings.ts";
import { edit, type Mutation } from "./mutation.ts";
import { DIED_LATE, JOINED_LATE, STORED_LATE } from "../scenarios.ts";
import { CONFIG, LARGE, OLD_MS, ONE } from "./scenes.ts";

/** Mistakes in the sweep. */
export const SWEEP_MISTAKES: Mutation[] = [
  {
    name: "the sweep takes an upload that has not expired",
    edits: [
      edit(
        "registry/uploads/sweep.ts",
        "return expiresAt < now && (",
        "return expiresAt - work_age < now && (".replace("work_age", "context.uploadExpiry"),
      ),
      edit("registry/uploads/sweep.ts", "item.index!.sk < expirySortKey(context.now())", "true"),
    ],
  },
  {
    name: "the sweep takes an upload that is being committed",
    edits: [
      edit(
        "registry/uploads/sweep.ts",
        '(state !== "committing" || committingUntil + context.grace < now)',
        "true",
      ),
      edit("registry/uploads/sweep.ts", "expiresAt < now &&", "expiresAt - context.uploadExpiry < now &&"),
      edit("registry/uploads/sweep.ts", "item.index!.sk < expirySortKey(context.now())", "true"),
    ],
  },
  {
    name: "the sweep deletes the object of a blob",
    edits: [
      edit(
        "registry/uploads/sweep.ts",
        "const unneeded = keys.filter((key) => !kept.has(key));",
        "const unneeded = keys;",
      ),
    ],
  },
  {
    name: "the sweep looks for the blob by a read that may lag",
    edits: [
      edit(
        "registry/uploads/named_objects.ts",
        "await table.getMany(keys, { consistent: true });",
        "await table.getMany(keys);",
      ),
      edit("registry/uploads/sweep.ts", "return expiresAt < now && (", "return true && ("),
      edit("registry/uploads/sweep.ts", "item.index!.sk < expirySortKey(context.now())", "true"),
    ],
  },
  {
    name: "the sweep knows nothing of the digest that the first request committed",
    edits: [
      edit(
        "registry/uploads/named_objects.ts",
        "[...new Set([upload.attempt, upload.digest])]",
        "[upload.digest]",
      ),
      edit("registry/uploads/done_item.ts", "attempt === undefined ? {} : { attempt }", "{}"),
      edit("registry/uploads/done_item.ts", '    state: "done",\n    digest,', '    state: "done",'),
    ],
  },
  {
    name: "the sweep forgets an upload before all else of it is gone",
    edits: [
      edit(
        "registry/uploads/sweep.ts",
        "const removed = await removeContent(work, upload, kept ?? await namedByItem(work, upload.attributes));\n  await work.table.delete(upload, { ifVersion: version });",
        "await work.table.delete(upload, { ifVersion: version });\n  const removed = await removeContent(work, upload, kept ?? await namedByItem(work, upload.attributes));",
      ),
    ],
    scenario: { given: [abandons(LARGE, ONE)], later: EXPIRY_MS + OLD_MS, actors: [sweeps(), collects()] },
  },
  {
    name: "the sweep forgets the objects that a commit has left",
    edits: [
      edit("registry/uploads/sweep.ts", "if (left.length > 0) await work.objects.delete(left);", ""),
    ],
    scenario: {
      given: [],
      later: 0,
      actors: [pushes(CONFIG, ONE, "whole"), pushes(CONFIG, ONE, "streamed")],
    },
  },
  {
    name: "the sweep forgets a committed upload before the objects that it has left",
    edits: [
      edit("registry/uploads/commit.ts", "    await dropContent(work, attributes, linked.object);\n", ""),
      edit(
        "registry/uploads/commit.ts",
        "if (object !== linked.object && object !== attributes.object) await work.objects.delete([object]);",
        "",
      ),
      edit("registry/uploads/sweep.ts", "if (left.length > 0) await work.objects.delete(left);", ""),
      edit(
        "registry/uploads/sweep.ts",
        "return await work.table.delete(upload, { ifVersion: upload.version }) ? 0 : undefined;",
        "const isGone = await work.table.delete(upload, { ifVersion: upload.version });\n" +
          "  if (left.length > 0) await work.objects.delete(left);\n  return isGone ? 0 : undefined;",
      ),
    ],
    scenario: {
      given: [pushes(CONFIG, ONE, "whole"), pushes(CONFIG, ONE, "streamed")],
      later: EXPIRY_MS + OLD_MS,
      actors: [sweeps()],
    },
  },
  {
    name: "a commit says that it has left nothing",
    edits: [
      edit(
        "registry/uploads/done_item.ts",
        "return [...keys].filter((key) => key !== named);",
        "return [];",
      ),
    ],
    scenario: {
      given: [],
      later: 0,
      actors: [pushes(CONFIG, ONE, "whole"), pushes(CONFIG, ONE, "streamed")],
    },
  },
  {
    name: "a second request with the bytes of an upload does not mark it",
    edits: [
      edit(
        "registry/uploads/upload_body.ts",
        "options.created ? known : await markUnlisted(context, known)",
        "known",
      ),
    ],
    scenario: { given: [], later: 0, actors: [pushes(CONFIG, ONE, "streamed twice")] },
  },
  {
    name: "a request with chunks does not mark its upload",
    edits: [
      edit("registry/uploads/uploads.ts", "body.range !== undefined &&", "body.range === undefined &&"),
      edit(
        "registry/uploads/upload_body.ts",
        "options.created ? known : await markUnlisted(context, known)",
        "known",
      ),
    ],
    scenario: { given: [], later: 0, actors: [pushes(CONFIG, ONE, "chunked twice")] },
  },
  {
    name: "a commit of parts says that it knows all of them",
    edits: [
      edit(
        "registry/uploads/done_item.ts",
        "if (unlisted || partsId !== undefined || size === 0)",
        "if (unlisted || size === 0)",
      ),
    ],
    scenario: { given: [], later: 0, actors: [pushes(LARGE, ONE, "streamed")] },
  },
  {
    name: "a request whose upload was swept before its last write announces nothing",
    edits: [
      edit(
        "registry/uploads/upload_body.ts",
        'if (error.code === "BLOB_UPLOAD_UNKNOWN") await announce(context, session);',
        "",
      ),
    ],
    scenario: STORED_LATE,
  },
  {
    name: "a request stores objects for an upload that has expired",
    edits: [
      edit(
        "registry/uploads/upload_session.ts",
        "if (item.attributes.expiresAt <= context.now()) throw unknownUpload(id);",
        "if (item === undefined) throw unknownUpload(`${id}${context.now()}`);",
      ),
    ],
    scenario: DIED_LATE,
  },
  {
    name: "an object that was stored too late and cannot be deleted is not announced",
    edits: [
      edit(
        "registry/uploads/upload_session.ts",
        ".catch(() => announceRemains(beginWork(work), session))",
        "",
      ),
    ],
    scenario: JOINED_LATE,
  },
  {
    name: "work that is begun within other work keeps the deadline of the other",
    edits: [
      edit("registry/protocol/context.ts", "FencedTable.unfenced(context.table)", "context.table"),
    ],
    scenario: JOINED_LATE,
  },
];
