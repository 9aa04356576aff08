import { collects, later, mounts, pushes, pushesImage, putsManifest, retains } from "../actors.ts";
import { GRACE_MS, UNTAGGED_MS } from "../settings.ts";
import { FIRST, INDEX, SINGLE } from "../world.ts";
import { edit, type Mutation } from "./mutation.ts";
import { CONFIG, oldBlob, ONE, SLOW_MOUNT, TWO } from "./scenes.ts";

/** Mistakes in reads, in retention and in the deadline of requests. */
export const OTHER_MISTAKES: Mutation[] = [
  {
    name: "a HEAD does not renew an old link",
    edits: [
      edit(
        "registry/blobs/blobs.ts",
        "  if (!context.touch) return false;",
        "  if (context.touch) return false;",
      ),
    ],
    scenario: {
      ...oldBlob,
      later: GRACE_MS - 200,
      actors: [pushesImage(SINGLE, ONE, { pause: GRACE_MS / 4 }), later(400, collects())],
    },
  },
  {
    name: "a HEAD renews a link that was deleted since it looked",
    edits: [
      edit(
        "registry/blobs/blobs.ts",
        "const version = await work.table.put(item, { ifVersion: membership.link.version });",
        "await work.table.putMany([item]); const version: string | undefined = '';",
      ),
    ],
    scenario: { ...oldBlob, actors: [pushesImage(FIRST, ONE), collects()] },
  },
  {
    name: "a request goes on writing when its time is over",
    edits: [edit("registry/protocol/fenced_table.ts", "new Fence(now, until)", "new Fence(now, Infinity)")],
    scenario: {
      ...oldBlob,
      actors: [
        pushesImage(SINGLE, ONE),
        pushes(CONFIG, ONE, "whole"),
        collects({ times: 2 }),
        collects({ times: 2 }),
      ],
      danger: "often",
    },
  },
  {
    name: "a HEAD takes a blob that is being deleted for one that is there",
    edits: [
      ...SLOW_MOUNT,
      edit(
        "registry/blobs/collect_blob.ts",
        "  await work.objects.delete([attributes.object]);\n  if (!await",
        "  await work.sleep(150);\n  await work.objects.delete([attributes.object]);\n  if (!await",
      ),
      edit(
        "registry/blobs/blobs.ts",
        "items.blob !== undefined && isReadable(items.blob.attributes)",
        "items.blob !== undefined",
      ),
      edit(
        "registry/blobs/blobs.ts",
        "if (blob === undefined || !isReadable(blob.attributes)) throw unknownBlob(digest);",
        "if (blob === undefined) throw unknownBlob(digest);",
      ),
    ],
    scenario: {
      ...oldBlob,
      actors: [mounts(CONFIG, TWO, ONE), collects(), later(260, pushesImage(SINGLE, TWO))],
    },
  },
  {
    name: "an index leaves retention's mark on its children (3)",
    edits: [edit(
      "registry/manifests/references.ts",
      "if (manifest === undefined || !isManifestCondemned(manifest.attributes)) continue;",
      "if (manifest !== undefined || manifest === undefined) continue;",
    )],
    scenario: {
      given: [pushesImage(FIRST, ONE)],
      later: UNTAGGED_MS + 600,
      actors: [retains(), later(GRACE_MS + 100, putsManifest(INDEX, ONE, "a"))],
    },
  },
  {
    name: "retention does not wait for the grace period after its mark",
    edits: [edit(
      "registry/retention/manifest_retention.ts",
      'if (need === "goes" || !isDue) return "goes";',
      'if (need === "goes" || (isDue && need !== "gone")) return "goes";',
    )],
    scenario: {
      given: [pushesImage(FIRST, ONE)],
      later: UNTAGGED_MS + 600,
      actors: [retains({ times: 1 }), retains({ times: 1 }), putsManifest(INDEX, ONE, "a")],
    },
  },
  {
    name: "retention does not look at what references a manifest",
    edits: [edit(
      "registry/retention/manifest_retention.ts",
      "for await (const other of this.#dependsOn(digest, subject)) {",
      "for await (const other of this.#dependsOn(digest, subject)) {\n      if (other !== subject) continue;",
    )],
    scenario: {
      given: [pushesImage(INDEX, ONE, { tags: ["a"] })],
      later: UNTAGGED_MS + 600,
      actors: [retains()],
    },
  },
  {
    name: "a HEAD takes a batch for a snapshot",
    edits: [
      ...SLOW_MOUNT,
      edit(
        "registry/blobs/blobs.ts",
        "else if (mayBeTorn(context, membership)) await assertBlob(context, digest);",
        "",
      ),
    ],
    scenario: {
      ...oldBlob,
      actors: [mounts(CONFIG, TWO, ONE), collects(), later(150, pushesImage(SINGLE, TWO))],
    },
  },
];
