import {
  type Actor,
  cancels,
  collects,
  deletes,
  deletesBlob,
  forges,
  later,
  mounts,
  mountsImage,
  pushes,
  pushesImage,
  putsManifest,
  reads,
  restores,
  sweeps,
} from "./actors.ts";
import { EXPIRY_MS, GRACE_MS } from "./settings.ts";
import type { Danger } from "./choices.ts";
import type { Scenario } from "./scenario.ts";
import type { Way } from "./upload_ways.ts";
import { BLOBS, FIRST, FIXED, GIANT, INDEX, REPOSITORIES, SECOND, SINGLE } from "./world.ts";

const [ONE, TWO] = REPOSITORIES;
const [CONFIG, LAYER, LARGE] = BLOBS;

/** A blob that one repository has, so old that it may be collected. */
const oldBlob = { given: [pushes(CONFIG, ONE, "whole")], later: GRACE_MS + 600 };

/** Scenarios of two processes with few calls, so that all orders can be tried. */
export const SMALL: Record<string, Scenario> = {
  "a mount and a collector": { ...oldBlob, actors: [mounts(CONFIG, TWO, ONE), collects()] },
  "a push of a blob that is there and a collector": {
    ...oldBlob,
    actors: [pushes(CONFIG, TWO, "whole"), collects()],
  },
  "a push of other content as a blob that is there and a collector": {
    ...oldBlob,
    actors: [forges(CONFIG, TWO), collects()],
  },
  "a streamed push of a blob that is there and a collector": {
    ...oldBlob,
    actors: [pushes(CONFIG, TWO, "streamed"), collects()],
  },
  "a push of a manifest and a collector": {
    ...oldBlob,
    actors: [putsManifest(SINGLE, ONE, "a"), collects()],
  },
  "two collectors": { ...oldBlob, actors: [collects(), collects()] },
  "two pushes of one blob": {
    given: [],
    later: 0,
    actors: [pushes(CONFIG, ONE, "whole"), pushes(CONFIG, TWO, "streamed")],
  },
  "two commits of one upload": { given: [], later: 0, actors: [pushes(CONFIG, ONE, "chunked twice")] },
  "two whole pushes of one upload": { given: [], later: 0, actors: [pushes(CONFIG, ONE, "whole twice")] },
  "two streamed pushes of one upload": {
    given: [],
    later: 0,
    actors: [pushes(CONFIG, ONE, "streamed twice")],
  },
  "a push of a manifest and its deletion": {
    given: [pushesImage(SINGLE, ONE)],
    later: 0,
    actors: [putsManifest(SINGLE, ONE), deletes(SINGLE, ONE)],
  },
  "a first push to a repository and a collector that forgets it": {
    given: [pushesImage(SINGLE, ONE), deletes(SINGLE, ONE), pushes(CONFIG, ONE, "whole")],
    later: GRACE_MS / 2,
    actors: [putsManifest(SINGLE, ONE), collects()],
  },
  "a sweep and a collector": {
    ...oldBlob,
    later: EXPIRY_MS + GRACE_MS + 600,
    actors: [sweeps(), collects()],
  },
};

/** Scenarios of a push of an immutable tag beside a deletion of what its manifest needs. They have the most orders. */
export const IMMUTABLE: Record<string, Scenario> = {
  "a push of an immutable tag and the deletion of a layer": {
    given: [pushes(CONFIG, ONE, "whole")],
    later: 0,
    actors: [putsManifest(SINGLE, ONE, FIXED), deletesBlob(CONFIG, ONE)],
    immutable: true,
  },
  "a push of an immutable tag and the deletion of a child": {
    given: [pushesImage(FIRST, ONE)],
    later: 0,
    actors: [putsManifest(INDEX, ONE, FIXED), deletes(FIRST, ONE)],
    immutable: true,
  },
  "a push of an immutable tag and the deletion of a layer of a child": {
    given: [pushesImage(FIRST, ONE)],
    later: 0,
    actors: [putsManifest(INDEX, ONE, FIXED), deletesBlob(CONFIG, ONE)],
    immutable: true,
  },
};

/** Pushes beside repeated sweeps and collections. */
const PUSHES: Record<string, Actor> = {
  "a whole push": pushes(CONFIG, ONE, "whole"),
  "a streamed push": pushes(LARGE, ONE, "streamed"),
  "a continued push": pushes(LARGE, ONE, "continued"),
  "a chunked push": pushes(LARGE, ONE, "chunked"),
  "two commits of one upload": pushes(LARGE, ONE, "chunked twice"),
  "two whole pushes of one upload": pushes(CONFIG, ONE, "whole twice"),
  "a push of an image": pushesImage(SECOND, ONE, { tags: ["a"] }),
  "a push of an index": pushesImage(INDEX, ONE, { tags: ["a"] }),
  "a push of a giant manifest": pushesImage(GIANT, ONE, { tags: ["a"] }),
};

const upkeep = [later(EXPIRY_MS + 100, sweeps()), later(2 * EXPIRY_MS, sweeps()), collects({ times: 6 })];

/** Commits whose processes may die, and that their clients repeat when collectors may have removed the blobs. */
export const LATE_REPEATS: Scenario = {
  given: [],
  later: 0,
  actors: [
    ...[CONFIG, LAYER, LARGE].map((blob) => pushes(blob, ONE, "repeated late")),
    later(GRACE_MS + 300, collects({ times: 3 })),
  ],
  danger: "often",
};

/** Commits that fail or whose processes die, and that their clients repeat at once, beside others of the same blobs. */
export const REPEATS: Scenario = {
  given: [],
  later: 0,
  actors: [
    ...[CONFIG, LAYER, LARGE].map((blob) => pushes(blob, ONE, "repeated")),
    pushes(LARGE, TWO, "repeated"),
    cancels(CONFIG, TWO, { commits: "before" }),
    deletesBlob(LARGE, ONE),
    later(EXPIRY_MS + 100, sweeps()),
    later(GRACE_MS + 300, collects({ times: 3 })),
  ],
  danger: "often",
};

/** Commits that fail in the object store, and that their clients repeat at once. */
export const FAILED_STORES: Scenario = {
  given: [],
  later: 0,
  actors: [
    ...[CONFIG, LAYER, LARGE].map((blob) => pushes(blob, ONE, "repeated alone")),
    ...[EXPIRY_MS + 100, 2 * EXPIRY_MS].map((time) => later(time, sweeps())),
  ],
  danger: "storing",
};

/** Pushes in this way that pause, while they store objects by default, until their uploads are swept. */
const storedLate = (way: Way, danger: Danger = "storing"): Scenario => ({
  given: [],
  later: 0,
  actors: [
    pushes(LARGE, ONE, way),
    pushes(CONFIG, ONE, way),
    ...[EXPIRY_MS + 100, 2 * EXPIRY_MS, 3 * EXPIRY_MS].map((time) => later(time, sweeps())),
  ],
  danger,
});

/** Pushes of one body whose objects are stored late. */
export const STORED_LATE = storedLate("streamed");

/** Pushes of one body that is sent twice, whose objects are stored late. */
export const TWICE_LATE = storedLate("whole twice");

/** Pushes of two bodies, the second one sent twice, whose objects are stored late. */
export const JOINED_LATE = storedLate("chunked twice");

/**
 * Pushes that pause until their uploads are swept, and whose processes then die. For mistakes only: a process that pauses
 * between its last check and the write of the object leaves one without any mistake too, and a scrub finds it.
 */
export const DIED_LATE = storedLate("continued", "dying");

const lostBlob = { ...oldBlob, lost: [CONFIG] };

/** Processes that pause before and after their calls, for longer than any limit. */
export const STALLED: Record<string, Scenario> = {
  ...Object.fromEntries(
    Object.entries(PUSHES).map(([name, push]) => [
      `${name}, another one and upkeep`,
      { given: [], later: 0, actors: [push, later(EXPIRY_MS + GRACE_MS, push), ...upkeep], danger: "stalls" },
    ]),
  ),
  "a push of an old blob and upkeep": {
    ...oldBlob,
    actors: [pushes(CONFIG, TWO, "whole"), pushesImage(SINGLE, ONE), ...upkeep],
    danger: "stalls",
  },
  "mounts of an old blob and upkeep": {
    ...oldBlob,
    actors: [mountsImage(SINGLE, TWO, ONE), mounts(CONFIG, TWO, ONE), ...upkeep],
    danger: "stalls",
  },
  "a giant manifest, its deletion and upkeep": {
    given: [pushesImage(GIANT, ONE, { tags: ["a"] })],
    later: GRACE_MS,
    actors: [deletes(GIANT, ONE), pushesImage(GIANT, ONE, { tags: ["a"] }), ...upkeep],
    danger: "stalls",
  },
  "writes of pushes that come late": {
    given: [],
    later: 0,
    actors: [pushesImage(SECOND, ONE), pushes(CONFIG, TWO, "whole"), ...upkeep],
    danger: "unfenced",
  },
  "writes of a giant manifest that come late": {
    given: [],
    later: 0,
    actors: [pushesImage(GIANT, ONE), ...upkeep],
    danger: "unfenced",
  },
  "commits that are repeated after the grace period": LATE_REPEATS,
  "commits that are repeated at once": REPEATS,
  "commits that fail in the object store and are repeated at once": FAILED_STORES,
  "pushes whose objects are stored late": STORED_LATE,
  "repeated pushes whose objects are stored late": TWICE_LATE,
  "pushes in chunks whose objects are stored late": JOINED_LATE,
  "a lost blob that is pulled and pushed": {
    ...lostBlob,
    actors: [
      restores(CONFIG, ONE),
      restores(CONFIG, ONE),
      pushesImage(SINGLE, TWO),
      mountsImage(SINGLE, TWO, ONE),
    ],
  },
  "a lost blob that is pulled": { ...lostBlob, actors: [restores(CONFIG, ONE)] },
  "a lost blob that is mounted": { ...lostBlob, actors: [mounts(CONFIG, TWO, ONE)] },
  "a lost blob that is pushed": {
    ...lostBlob,
    actors: [pushes(CONFIG, TWO, "whole"), mounts(CONFIG, TWO, ONE)],
  },
  "a lost blob that is collected and pushed": {
    ...lostBlob,
    actors: [collects(), pushes(CONFIG, TWO, "whole"), mounts(CONFIG, TWO, ONE)],
  },
  "a lost manifest that is pushed": {
    given: [pushesImage(GIANT, ONE, { tags: ["a"] })],
    lost: [GIANT],
    later: GRACE_MS + 600,
    actors: [pushesImage(GIANT, ONE, { tags: ["a"] }), pushesImage(GIANT, ONE, { tags: ["b"] }), collects()],
  },
  "a lost manifest that is pulled and deleted": {
    given: [pushesImage(GIANT, ONE, { tags: ["a"] })],
    lost: [GIANT],
    later: GRACE_MS + 600,
    actors: [reads(GIANT, ONE, { times: 1 }), deletes(GIANT, ONE), pushesImage(GIANT, ONE, { tags: ["b"] })],
  },
  "an old blob that is pulled, collected and pushed": {
    ...oldBlob,
    actors: [restores(CONFIG, ONE), collects(), pushesImage(SINGLE, ONE)],
  },
};
