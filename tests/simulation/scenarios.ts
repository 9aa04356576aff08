import {
  collects,
  deletes,
  deletesBlob,
  mounts,
  pushes,
  pushesImage,
  putsManifest,
  sweeps,
} from "./actors.ts";
import { EXPIRY, GRACE } from "./settings.ts";
import type { Scenario } from "./simulation.ts";
import { BLOBS, FIRST, FIXED, INDEX, REPOSITORIES, SINGLE } from "./world.ts";

const [ONE, TWO] = REPOSITORIES;
const [CONFIG] = BLOBS;

/** A blob that one repository has, so old that it may be collected. */
const oldBlob = { given: [pushes(CONFIG, ONE, "whole")], later: GRACE + 600 };

/** Two processes each, few enough calls that all their orders can be tried. */
export const SMALL: Record<string, Scenario> = {
  "a mount and a collector": { ...oldBlob, actors: [mounts(CONFIG, TWO, ONE), collects()] },
  "a push of a blob that is there and a collector": {
    ...oldBlob,
    actors: [pushes(CONFIG, TWO, "whole"), collects()],
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
  "a push of a manifest and its deletion": {
    given: [pushesImage(SINGLE, ONE)],
    later: 0,
    actors: [putsManifest(SINGLE, ONE), deletes(SINGLE, ONE)],
  },
  "a first push to a repository and a collector that forgets it": {
    given: [pushesImage(SINGLE, ONE), deletes(SINGLE, ONE), pushes(CONFIG, ONE, "whole")],
    later: GRACE / 2,
    actors: [putsManifest(SINGLE, ONE), collects()],
  },
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
  "a sweep and a collector": { ...oldBlob, later: EXPIRY + GRACE + 600, actors: [sweeps(), collects()] },
};
