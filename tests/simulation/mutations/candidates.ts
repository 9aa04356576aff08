import {
  abandons,
  asks,
  collectsCandidates,
  deletes,
  deletesBlob,
  deletesTag,
  later,
  mounts,
  pushes,
  pushesImage,
  putsManifest,
} from "../actors.ts";
import { EXPIRY_MS, GRACE_MS } from "../settings.ts";
import { FIRST, SECOND } from "../world.ts";
import { edit, type Mutation } from "./mutation.ts";
import { CONFIG, image, LARGE, LAYER, OLD_MS, oldImage, ONE, TWO } from "./scenes.ts";

/** An image that was deleted so long ago that its candidate is due. */
const deletedImage = { given: [pushesImage(FIRST, ONE), deletes(FIRST, ONE)], later: OLD_MS + OLD_MS };

/** A collector that may die, and a full pass that never comes. */
const dyingCollector = { ...deletedImage, actors: [collectsCandidates()], candidatesSuffice: true };

/** Mistakes in the candidates of garbage collection. */
export const CANDIDATE_MISTAKES: Mutation[] = [
  {
    name: "a delete of a manifest leaves its candidate after the delete",
    edits: [
      edit(
        "registry/manifests/manifest_delete.ts",
        "await leaveCandidates(work, [candidate], [...purgeItems(work, { digest }), ...intentItems(intent)]);",
        "",
      ),
      edit(
        "registry/manifests/manifest_delete.ts",
        'changed?.({ action: "manifest.delete", repository, before: digest });',
        "await leaveCandidates(work, [candidate]);",
      ),
    ],
    scenario: { ...oldImage, actors: [deletes(FIRST, ONE)], candidatesSuffice: true },
  },
  {
    name: "a delete of a blob leaves no candidate",
    edits: [
      edit(
        "registry/blobs/blobs.ts",
        'await leaveCandidates(work, [{ kind: "blob", repository, digest }], purgeItems(work, { digest }));',
        "",
      ),
    ],
    scenario: {
      given: [pushesImage(FIRST, ONE), later(EXPIRY_MS + OLD_MS, collectsCandidates())],
      later: 0,
      actors: [deletesBlob(CONFIG, ONE)],
    },
  },
  {
    name: "a delete of a tag leaves no candidate",
    edits: [
      edit(
        "registry/manifests/tags.ts",
        '[{ kind: "tags", repository, digest }],',
        "[],",
      ),
    ],
    scenario: { ...image, actors: [deletesTag(ONE, "a")] },
  },
  {
    name: "a move of a tag leaves no candidate",
    edits: [
      edit(
        "registry/manifests/tag_history.ts",
        "await work.table.putMany([...leaving.flatMap(moveItems), ...candidates, ...purges, ...intents]);",
        "await work.table.putMany([...leaving.flatMap(moveItems), ...purges, ...intents]);",
      ),
    ],
    scenario: { ...image, actors: [pushesImage(SECOND, ONE, { tags: ["a"] })] },
  },
  {
    name: "a mount leaves no candidate",
    edits: [
      edit(
        "registry/blobs/link.ts",
        "await putLink(work, repository, digest, beside);",
        "await putLink(work, repository, digest);",
      ),
    ],
    scenario: { given: [pushes(CONFIG, ONE, "whole")], later: 0, actors: [mounts(CONFIG, TWO, ONE)] },
  },
  {
    name: "a push that is refused leaves no candidate for its edges",
    edits: [
      edit(
        "registry/manifests/manifest_push.ts",
        "leaveCandidates(context, [candidate])",
        "Promise.resolve(candidate)",
      ),
    ],
    scenario: { given: [], later: 0, actors: [putsManifest(FIRST, ONE, "a")] },
  },
  {
    name: "the sweep leaves no candidate for the blob of an upload",
    edits: [
      edit(
        "registry/uploads/sweep.ts",
        "await work.table.putMany(candidateItems(work, candidate, expiresAt - work.uploadExpiry));",
        "",
      ),
    ],
    scenario: { given: [], later: 0, actors: [pushes(CONFIG, ONE, "whole"), abandons(LARGE, ONE)] },
  },
  {
    name: "the collector looks at a candidate before its grace period is over",
    edits: [
      edit(
        "registry/protocol/candidates.ts",
        "return isOld(context, candidateTime(item));",
        "return !isOld(context, candidateTime(item) + 1e9);",
      ),
    ],
    scenario: { ...oldImage, actors: [deletes(FIRST, ONE), collectsCandidates()] },
  },
  {
    name: "the collector deletes a candidate before it looks",
    edits: [
      edit(
        "registry/collection/collect_candidates.ts",
        "const verdict = await",
        "await context.table.delete({ pk: item.pk, sk: item.sk }, { ifVersion: item.version });\n  const verdict = await",
      ),
    ],
    scenario: dyingCollector,
  },
  {
    name: "the lease of a collector that died never ends",
    edits: [
      edit(
        "registry/background/lease.ts",
        "return claimedUntil > now && claimedUntil <= now + spanOf(context) + skewOf(context);",
        "return claimedUntil > 0 && spanOf(context) > 0 && skewOf(context) > 0 && now > 0;",
      ),
    ],
    scenario: dyingCollector,
  },
  {
    name: "the collector leaves no next candidate for what is too young",
    edits: [
      edit(
        "registry/collection/collect_candidates.ts",
        'if (verdict.is === "young")',
        "if (false as boolean)",
      ),
    ],
    scenario: {
      given: [
        pushesImage(FIRST, ONE),
        later(EXPIRY_MS + OLD_MS, collectsCandidates()),
        deletes(FIRST, ONE),
        later(GRACE_MS * 3 / 4, asks(LAYER, ONE)),
      ],
      later: GRACE_MS / 2,
      actors: [collectsCandidates()],
    },
  },
  {
    name: "the collector looks for edges that it has just deleted by a read that may lag",
    edits: [
      edit(
        "registry/collection/collect_candidate.ts",
        "if (await isReferenced(context, repository, digest, { consistent: true })) return;",
        "if (await isReferenced(context, repository, digest, { consistent: false })) return;",
      ),
    ],
    scenario: { ...deletedImage, actors: [collectsCandidates()] },
  },
  {
    name: "the collector does not follow a link to its blob",
    edits: [
      edit(
        "registry/collection/collect_candidate.ts",
        "if (blob === undefined || await",
        "if (blob !== undefined || await",
      ),
    ],
    scenario: { ...deletedImage, actors: [collectsCandidates()] },
  },
  {
    name: "the collector takes the edges of a manifest that is there",
    edits: [
      edit(
        "registry/collection/collect_candidate.ts",
        "const isGone = await readManifest(context, repository, digest, { consistent: true }) === undefined;",
        "const isGone = await readManifest(context, repository, digest, { consistent: true }) !== null;",
      ),
    ],
    scenario: {
      given: [pushesImage(FIRST, ONE), deletes(FIRST, ONE), pushesImage(FIRST, ONE)],
      later: OLD_MS + OLD_MS,
      actors: [collectsCandidates({ times: 2 })],
    },
  },
  {
    name: "the collector takes the edges of a manifest that a read which may lag did not find",
    edits: [
      edit(
        "registry/collection/collect_candidate.ts",
        "const isGone = await readManifest(context, repository, digest, { consistent: true }) === undefined;",
        "const isGone = await readManifest(context, repository, digest, { consistent: false }) === undefined;",
      ),
      edit(
        "registry/collection/collect_leftovers.ts",
        'case "edge":\n      if (!isOld(context, stored<EdgeAttributes>(item)!.attributes.at)) return undefined;',
        'case "edge":',
      ),
    ],
    scenario: { ...deletedImage, actors: [pushesImage(FIRST, ONE), collectsCandidates({ times: 2 })] },
  },
  {
    name: "the collector reads the edges of a manifest after the manifest",
    edits: [
      edit(
        "registry/collection/collect_candidate.ts",
        "const items = await context.table.getMany(keys, { consistent: true });\n    // 2. A",
        "// 2. A",
      ),
      edit(
        "registry/collection/collect_candidate.ts",
        "    if (isGone) await this.#removePointers",
        "    const items = await context.table.getMany(keys, { consistent: true });\n    if (isGone) await this.#removePointers",
      ),
      edit(
        "registry/collection/collect_leftovers.ts",
        'case "edge":\n      if (!isOld(context, stored<EdgeAttributes>(item)!.attributes.at)) return undefined;',
        'case "edge":',
      ),
    ],
    scenario: { ...deletedImage, actors: [pushesImage(FIRST, ONE), collectsCandidates({ times: 2 })] },
  },
  {
    name: "the full pass looks at one segment twice and at another one never",
    edits: [
      edit(
        "registry/collection/collection.ts",
        "const segment = { number, of: SEGMENTS, cuts: SEGMENT_CUTS };",
        "const segment = { number: Math.max(number, 1), of: SEGMENTS, cuts: SEGMENT_CUTS };",
      ),
    ],
    // A mount that dies between its link and its candidate; the digest of the layer is in the first segment.
    scenario: {
      given: [pushes(LAYER, ONE, "whole")],
      later: 0,
      actors: [mounts(LAYER, TWO, ONE)],
      danger: "often",
    },
  },
];
