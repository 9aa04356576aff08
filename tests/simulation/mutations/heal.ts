import { STALLED, STORED_LATE, TWICE_LATE } from "../scenarios.ts";
import { type Edit, edit, type Mutation } from "./mutation.ts";

/** A write of the table whose fence is checked before it, and not where it takes effect. */
const checkedBefore = (method: string, args: string): Edit =>
  edit(
    "registry/protocol/fenced_table.ts",
    `this.#table.${method}(${args}, this.#fence)`,
    `(async () => { this.#fence.check(); return await this.#table.${method}(${args}); })()`,
  );

/** Mistakes in fences, in what heals where no fence helps, and in the answers to requests that come too late. */
export const HEAL_MISTAKES: Mutation[] = [
  {
    name: "the deadline is checked before a write and not where it takes effect",
    edits: [
      checkedBefore("put", "item, condition"),
      checkedBefore("putMany", "items"),
      checkedBefore("delete", "key, condition"),
    ],
    scenario: STALLED["a push of an old blob and upkeep"]!,
  },
  {
    name: "a pull leaves a blob as it is whose object is missing",
    edits: [
      edit(
        "registry/blobs/blobs.ts",
        "if (context.touch) await bestEffort(() => healBlob(",
        "if (digest === undefined) await bestEffort(() => healBlob(",
      ),
    ],
    scenario: STALLED["a lost blob that is pulled"]!,
  },
  {
    name: "a commit and a mount take an old blob for linkable without looking for its object",
    edits: [
      edit(
        "registry/blobs/link.ts",
        'return await isLost(work, repository, digest, attributes) ? "unusable" : "linkable";',
        'return "linkable";',
      ),
    ],
    scenario: STALLED["a lost blob that is pushed"]!,
  },
  {
    name: "a commit and a mount take over an old blob without looking for its object (2)",
    edits: [
      edit(
        "registry/blobs/link.ts",
        "if (hasObject && await isLost(work, repository, digest, blob.attributes)) return RETRY;",
        "",
      ),
    ],
    scenario: STALLED["a lost blob that is collected and pushed"]!,
  },
  {
    name: "a blob is marked as damaged without a second look at its age and its object",
    edits: [
      edit(
        "registry/protocol/heal.ts",
        "|| !mayBeLost(work, blob.attributes)) return;",
        ") return;",
      ),
      edit(
        "registry/protocol/heal.ts",
        "if (await isStored(work, object)) return;\n  const attributes",
        "const attributes",
      ),
    ],
    scenario: STALLED["a lost blob that is pulled and pushed"]!,
  },
  {
    name: "a blob is marked as damaged whatever it is by then",
    edits: [edit(
      "registry/protocol/heal.ts",
      "await work.table.put({ ...blobKey(digest), attributes }, { ifVersion: blob.version });",
      "await work.table.putMany([{ ...blobKey(digest), attributes }]);",
    )],
    scenario: STALLED["a lost blob that is pulled and pushed"]!,
  },
  {
    name: "a damaged blob without an object stays for ever",
    edits: [
      edit(
        "registry/blobs/collect_blob.ts",
        'state !== "damaged" || missing === true',
        'state !== "damaged"',
      ),
    ],
    scenario: STALLED["a lost blob that is mounted"]!,
  },
  {
    name: "a push of a manifest keeps an object that is missing",
    edits: [
      edit(
        "registry/manifests/manifest_store.ts",
        "if (known !== undefined && !isMarked && await work.objects.size(known) !== undefined)",
        "if (known !== undefined && (isMarked || !isMarked))",
      ),
    ],
    scenario: STALLED["a lost manifest that is pushed"]!,
  },
  {
    name: "the mark of a lost manifest is put whatever has become of the manifest",
    edits: [
      edit(
        "registry/protocol/heal.ts",
        "const version = await work.table.put(marked, { ifVersion: manifest.version });",
        'await work.table.putMany([marked]);\n  const version: string | undefined = "any";',
      ),
    ],
    scenario: STALLED["a lost manifest that is pulled and deleted"]!,
  },
  {
    name: "what a request has stored for a swept upload stays",
    edits: [
      edit(
        "registry/uploads/upload_session.ts",
        "await work.table.put(uploadItem(id, remains), ifUnchanged(current));",
        "",
      ),
    ],
    scenario: STORED_LATE,
  },
  {
    name: "the sweep of an upload that was announced again removes the object of its blob",
    edits: [
      edit(
        "registry/uploads/sweep.ts",
        "upload.attributes.announced ? sweepAnnounced(work, upload) : takeAndRemove(work, upload)",
        "takeAndRemove(work, upload)",
      ),
    ],
    scenario: TWICE_LATE,
  },
  {
    name: "an object that was stored too late stays",
    edits: [
      edit(
        "registry/uploads/upload_session.ts",
        "if (work.now() < work.until) return;",
        "if (key !== undefined) return;",
      ),
    ],
    scenario: STALLED["a push of a giant manifest, another one and upkeep"]!,
  },
  {
    name: "a commit that fails does not look what has become of its upload",
    edits: [edit(
      "registry/uploads/commit_outcome.ts",
      "if (error instanceof RegistryError && !(error instanceof OffsetMismatch)) throw error;",
      "if (error !== undefined) throw error;",
    )],
    scenario: STALLED["two commits of one upload, another one and upkeep"]!,
  },
  {
    name: "a chunk that fails does not look what has become of its upload",
    edits: [
      edit(
        "registry/uploads/upload_body.ts",
        "const failure = await failureOf(context, session, error);",
        "const failure = error;",
      ),
    ],
    scenario: STALLED["a chunked push, another one and upkeep"]!,
  },
];
