import { deletes, deletesBlob, pushesImage, putsManifest } from "../actors.ts";
import { FIRST, FIXED, INDEX, SINGLE } from "../world.ts";
import { edit, type Mutation } from "./mutation.ts";
import { CONFIG, ONE } from "./scenes.ts";

/** An image, of which a layer is deleted while an index of it gets an immutable tag. */
const layerOfChild = {
  given: [pushesImage(FIRST, ONE)],
  later: 0,
  actors: [putsManifest(INDEX, ONE, FIXED), deletesBlob(CONFIG, ONE)],
  immutable: true,
};

/** The same, and the image itself is deleted. */
const child = { ...layerOfChild, actors: [putsManifest(INDEX, ONE, FIXED), deletes(FIRST, ONE)] };

/** An image that gets an immutable tag while its configuration is deleted. */
const layer = {
  ...layerOfChild,
  given: [pushesImage(SINGLE, ONE)],
  actors: [putsManifest(SINGLE, ONE, FIXED), deletesBlob(CONFIG, ONE)],
};

/** Mistakes in the protection of what immutable tags need. */
export const IMMUTABLE_MISTAKES: Mutation[] = [
  {
    name: "a delete of a blob puts no mark before it looks for immutable tags",
    edits: [
      edit("registry/blobs/collect_blob.ts", "  if (await isNeeded()) {", "  if (condemned === undefined) {"),
      edit(
        "registry/blobs/collect_blob.ts",
        "  const version = await work.table.put({ ...item, attributes: condemned }, { ifVersion: link.version });",
        '  if (await isNeeded()) return "needed";\n' +
          "  const version = await work.table.put({ ...item, attributes: condemned }, { ifVersion: link.version });",
      ),
    ],
    scenario: layer,
  },
  {
    name: "a delete of a manifest puts no mark before it looks for immutable tags",
    edits: [edit(
      "registry/manifests/manifest_delete.ts",
      "const version = await work.table.put({ ...found, attributes }, { ifVersion: found.version });",
      "const version: string | undefined = attributes && found.version;",
    )],
    scenario: child,
  },
  {
    name: "a push of an index leaves the mark of a delete on its children",
    edits: [
      edit("registry/items/manifest.ts", "|| deleteBegunAt !== undefined;", "|| deleteBegunAt === -1;"),
    ],
    scenario: child,
  },
  {
    name: "a delete goes on beside a push of an immutable tag that may be under way",
    edits: [
      edit(
        "registry/protocol/tag_protection.ts",
        "mayBeUnderWay(work, mark.attributes.at)",
        "mark.attributes.at < 0",
      ),
      edit(
        "registry/protocol/tag_protection.ts",
        "import { mayBeUnderWay, type Work }",
        "import { type Work }",
      ),
    ],
    scenario: layer,
  },
  {
    name: "a delete reads the tags that may need it by a read that may lag",
    edits: [edit(
      "registry/protocol/tag_protection.ts",
      "const options = { prefix, ...from, limit, consistent: true };",
      "const options = { prefix, ...from, limit };",
    )],
    scenario: child,
  },
  {
    name: "a push of an immutable tag does not look below the children of its index",
    edits: [edit(
      "registry/manifests/manifest_push.ts",
      "    if (isFixed) assertComplete(work, await readDescendants(work, repository, parsed.references));\n",
      "",
    )],
    scenario: layerOfChild,
  },
  {
    name: "a delete looks for immutable tags of the nearest manifests alone",
    edits: [edit("registry/protocol/tag_protection.ts", "    level = above;", "    level = [];")],
    scenario: { ...layerOfChild, given: [pushesImage(INDEX, ONE, { tags: ["a", FIXED] })] },
  },
];
