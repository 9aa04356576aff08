import { collectsCandidates, deletesTag, pushesImage, putsManifest, swaps } from "../actors.ts";
import { FIRST, SECOND } from "../world.ts";
import { edit, type Mutation } from "./mutation.ts";
import { image, OLD_MS, ONE } from "./scenes.ts";

/** Two images, and a tag on the first one. */
const twoImages = {
  given: [pushesImage(SECOND, ONE, { tags: ["b"] }), pushesImage(FIRST, ONE, { tags: ["a"] })],
  later: 0,
};

/** A tag that moved and was deleted, so long ago that the candidates of both are due. */
const deletedTag = {
  given: [...twoImages.given, putsManifest(SECOND, ONE, "a"), deletesTag(ONE, "a")],
  later: OLD_MS + OLD_MS,
};

/** Mistakes in the history beside a tag. */
export const HISTORY_MISTAKES: Mutation[] = [
  {
    name: "a push does not put the last move of a tag beside it",
    edits: [
      edit(
        "registry/manifests/tag_history.ts",
        "await work.table.putMany([...leaving.flatMap(moveItems), ...candidates, ...purges, ...intents]);",
        "await work.table.putMany([...candidates, ...purges, ...intents]);",
      ),
    ],
    scenario: { ...image, actors: [pushesImage(SECOND, ONE, { tags: ["a"] })] },
  },
  {
    name: "a push puts the last move of a tag after it has replaced it (4 after 6)",
    edits: [
      edit(
        "registry/manifests/manifest_push.ts",
        "    await together(putIt(), leaveTargets(work, repository, digest, moves.map(({ seen }) => seen), announced));\n",
        "    await putIt();\n",
      ),
      edit(
        "registry/manifests/manifest_push.ts",
        "    // 7. A delete",
        "    await leaveTargets(work, repository, digest, moves.map(({ seen }) => seen), announced);\n    // 7. A delete",
      ),
    ],
    scenario: { ...twoImages, actors: [putsManifest(SECOND, ONE, "a")] },
  },
  {
    name: "a push that lost a tag to another one does not put the move of that one",
    edits: [
      edit(
        "registry/manifests/tags.ts",
        "if (current !== seen) await leaveTargets(work, repository, target.digest, [current], intentItems(intent));",
        "",
      ),
    ],
    scenario: {
      ...twoImages,
      actors: [putsManifest(SECOND, ONE, "a"), putsManifest(FIRST, ONE, "a"), putsManifest(SECOND, ONE, "a")],
    },
  },
  {
    name: "a move of a tag does not count",
    edits: [
      edit(
        "registry/protocol/events.ts",
        "const history = { id, last: last + 1 };",
        "const history = { id, last };",
      ),
    ],
    scenario: { ...twoImages, actors: [putsManifest(SECOND, ONE, "a"), swaps(FIRST, ONE, "a")] },
  },
  {
    name: "the collector leaves the moves of a tag that is gone",
    edits: [
      edit("registry/collection/collect_candidate.ts", "      await this.#atMoves(mark, tag);\n", ""),
      edit("registry/collection/collect_leftovers.ts", 'case "move":', 'case "moves":'),
    ],
    scenario: { ...deletedTag, actors: [collectsCandidates()] },
  },
  {
    name: "the collector removes the mark of a tag before its moves",
    edits: [
      edit(
        "registry/collection/collect_candidate.ts",
        "      await this.#atMoves(mark, tag);\n      await this.#removePointers([mark]);\n",
        "      await this.#removePointers([mark]);\n      await this.#atMoves(mark, tag);\n",
      ),
    ],
    scenario: { ...deletedTag, actors: [collectsCandidates()], candidatesSuffice: true },
  },
  {
    name: "the collector takes the moves of a tag that was pushed again since it looked",
    edits: [
      edit(
        "registry/collection/collect_candidate.ts",
        "const gone = await dangling(this.#context, left, { consistent: true });",
        "const gone = left;",
      ),
    ],
    scenario: {
      ...deletedTag,
      actors: [collectsCandidates(), putsManifest(FIRST, ONE, "a"), putsManifest(SECOND, ONE, "a")],
    },
  },
  {
    name: "the collector takes the moves of a tag that is there",
    edits: [
      edit(
        "registry/collection/collect_leftovers.ts",
        "matches: (tag) => isInHistory(key, stored<TagAttributes>(tag)!.attributes),",
        "matches: () => false,",
      ),
    ],
    scenario: {
      given: [...twoImages.given, putsManifest(SECOND, ONE, "a")],
      later: OLD_MS + OLD_MS,
      actors: [collectsCandidates()],
    },
  },
];
