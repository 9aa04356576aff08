import { operatorScenario as scenario } from "../operators.ts";
import { edit, type Mutation } from "./mutation.ts";

/** Mistakes in what an operator does beside the clients: backups, restores and scrubs. */
export const OPERATOR_MISTAKES: Mutation[] = [
  {
    name: "a backup does not follow a manifest that is younger than its scan",
    edits: [
      edit(
        "backup/snapshot.ts",
        "manifest.attributes.pushedAt < since ||",
        "manifest.attributes.pushedAt > 0 ||",
      ),
    ],
    scenario,
  },
  {
    name: "a backup takes a tag that moved without the manifest that it points at",
    edits: [
      edit(
        "backup/snapshot.ts",
        "yield* withTarget(stores, repository, tag, since);",
        "yield tag;",
      ),
    ],
    scenario,
  },
  {
    name: "a backup takes a tag that moved without its earlier moves",
    edits: [
      edit("backup/snapshot.ts", "yield* await retryUnavailable(() => readEarlierMoves(table, seen));", ""),
    ],
    scenario,
  },
  {
    name: "a backup leaves out the links of what a young manifest references",
    edits: [edit("backup/snapshot.ts", "yield* [...links, ...blobs];", "yield* blobs;")],
    scenario,
  },
  {
    name: "a scrub deletes a pointer by a read that lags",
    edits: [
      edit(
        "registry/scrub/pointers.ts",
        "if (await work.table.get(target, { consistent: true }) !== undefined) return;",
        "",
      ),
    ],
    scenario,
  },
];
