import { abandons, collects, sweeps } from "../actors.ts";
import { EXPIRY_MS } from "../settings.ts";
import { edit, type Mutation } from "./mutation.ts";
import { LARGE, OLD_MS, ONE } from "./scenes.ts";

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
        "registry/uploads/sweep.ts",
        "await work.table.getMany(keys, { consistent: true });",
        "await work.table.getMany(keys);",
      ),
      edit("registry/uploads/sweep.ts", "return expiresAt < now && (", "return true && ("),
      edit("registry/uploads/sweep.ts", "item.index!.sk < expirySortKey(context.now())", "true"),
    ],
  },
  {
    name: "the sweep knows nothing of the digest that the first request committed",
    edits: [
      edit("registry/uploads/sweep.ts", "[...new Set([attempt, digest])]", "[...new Set([digest])]"),
      edit("registry/uploads/commit.ts", "attempt === undefined ? {} : { attempt }", "{}"),
      edit("registry/uploads/commit.ts", '    state: "done",\n    digest,', '    state: "done",'),
    ],
  },
  {
    name: "the sweep forgets an upload before all else of it is gone",
    edits: [
      edit(
        "registry/uploads/sweep.ts",
        "const removed = await removeContent(work, upload);\n  await work.table.delete({ pk, sk }, { ifVersion: version });",
        "await work.table.delete({ pk, sk }, { ifVersion: version });\n  const removed = await removeContent(work, upload);",
      ),
    ],
    scenario: { given: [abandons(LARGE, ONE)], later: EXPIRY_MS + OLD_MS, actors: [sweeps(), collects()] },
  },
];
