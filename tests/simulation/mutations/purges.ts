import { PURGES } from "../purges.ts";
import { GRACE_MS } from "../settings.ts";
import { edit, type Mutation } from "./mutation.ts";

const OUTBOX = "registry/purges/outbox.ts";

/** Mistakes in the purges of a shared cache. */
export const PURGE_MISTAKES: Mutation[] = [
  {
    name: "a delete of a manifest leaves no purge",
    edits: [
      edit(
        "registry/manifests/manifest_delete.ts",
        "[candidate], [...purgeItems(work, { digest }), ",
        "[candidate], [",
      ),
    ],
    scenario: PURGES["a delete of a manifest"],
  },
  {
    name: "a delete of a tag leaves no purge",
    edits: [edit("registry/manifests/tags.ts", "...purgeItems(work, { untagged: [digest] }), ", "")],
    scenario: PURGES["a delete of a tag"],
  },
  {
    name: "a move of a tag leaves no purge",
    edits: [edit("registry/manifests/tag_history.ts", ", ...candidates, ...purges, ", ", ...candidates, ")],
    scenario: PURGES["a move of a tag"],
  },
  {
    name: "a delete of a blob leaves no purge",
    edits: [
      edit(
        "registry/blobs/blobs.ts",
        '[{ kind: "blob", repository, digest }], purgeItems(work, { digest })',
        '[{ kind: "blob", repository, digest }]',
      ),
    ],
    scenario: PURGES["a delete of a blob"],
  },
  {
    name: "a delete of a repository leaves no purge at its end",
    edits: [
      edit(
        "registry/collection/repository_delete.ts",
        "leavePurges(work, purgeItems(work, { repository }))",
        "Promise.resolve()",
      ),
      // A delete that takes longer than any change of its beginning. Alone it is no mistake.
      edit(
        "registry/collection/repository_delete.ts",
        "  // 2. The manifests, with",
        `  await context.sleep(${GRACE_MS});\n  // 2. The manifests, with`,
      ),
    ],
    scenario: PURGES["a delete of a repository by a process that then ends"],
  },
  {
    name: "retention of tags leaves no purge",
    edits: [
      edit(
        "registry/retention/retention.ts",
        "const purges = purgeItems(work, { untagged: [...leaving] });",
        "const purges = purgeItems(work, { untagged: [] });",
      ),
    ],
    scenario: PURGES.retention,
  },
  {
    name: "retention of manifests leaves no purge",
    edits: [
      edit(
        "registry/retention/manifest_retention.ts",
        "[candidate], [...purgeItems(work, { digest }), ",
        "[candidate], [",
      ),
    ],
    scenario: PURGES.retention,
  },
  {
    name: "a purge is due before its change",
    edits: [
      edit(
        "registry/protocol/purges.ts",
        "const due = until + deadline + skewOf(work)",
        "const due = work.now()",
      ),
    ],
    scenario: PURGES["a delete of a manifest"],
  },
  {
    name: "a purge is deleted before it is made",
    edits: [
      edit(OUTBOX, "          await this.#forget(due);\n", ""),
      edit(
        OUTBOX,
        "          await this.#purge(target, due.map",
        "          await this.#forget(due);\n          await this.#purge(target, due.map",
      ),
    ],
    scenario: PURGES["a delete of a manifest by a process that then ends"],
  },
  {
    name: "a purge is never deleted",
    edits: [
      edit(
        OUTBOX,
        "await this.#context.table.delete({ pk, sk }, { ifVersion: version });",
        "await Promise.resolve({ pk, sk, version });",
      ),
    ],
    scenario: PURGES["a delete of a tag"],
  },
  {
    name: "a step purges only the first tags",
    edits: [edit(OUTBOX, "first += target.maxTags) {", "first += tags.length) {")],
    scenario: PURGES["deletes of two manifests"],
  },
];
