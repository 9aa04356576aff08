/**
 * Pulls through a shared cache beside changes, and the purges of it.
 *
 * @module
 */
import {
  type Actor,
  collects,
  deletes,
  deletesBlob,
  deletesRepository,
  deletesTag,
  inTurn,
  later,
  pullsCached,
  purgesDue,
  purging,
  pushesImage,
  putsManifest,
  retains,
  retainsTags,
} from "./actors.ts";
import { anyActor } from "./any_actor.ts";
import type { Tag } from "../../oci/mod.ts";
import type { Choices } from "./choices.ts";
import { EXPIRY_MS, GRACE_MS, LONG_UNPULLED_MS, UNTAGGED_MS } from "./settings.ts";
import type { Scenario } from "./scenario.ts";
import { BLOBS, FIRST, REPOSITORIES, SECOND } from "./world.ts";

const [ONE] = REPOSITORIES;
const [CONFIG, LAYER] = BLOBS;

/** An image and another one of the same repository, and pulls of both by everything. */
const given = [pushesImage(SECOND, ONE, { tags: ["b"] }), pushesImage(FIRST, ONE, { tags: ["a"] })];

const byDigest = pullsCached({ repository: ONE, digest: FIRST.digest });
const secondByDigest = pullsCached({ repository: ONE, digest: SECOND.digest });
const byTag = pullsCached({ repository: ONE, tag: "a" as Tag });

/** Scenarios of one change, pulls beside it, and its purge. */
export const PURGES = {
  "a delete of a manifest": {
    given,
    later: GRACE_MS / 2,
    actors: [byDigest, byTag, purging(deletes(FIRST, ONE)), purgesDue()],
    purges: true,
  },
  "deletes of two manifests": {
    given,
    later: 0,
    actors: [byDigest, secondByDigest, purging(inTurn(deletes(FIRST, ONE), deletes(SECOND, ONE)))],
    purges: true,
  },
  "a delete of a manifest by a process that then ends": {
    given,
    later: 0,
    actors: [byDigest, byTag, deletes(FIRST, ONE), later(GRACE_MS / 2, purgesDue())],
    danger: "often",
    purges: true,
  },
  "a delete of a repository by a process that then ends": {
    given,
    later: 0,
    actors: [
      pullsCached({ repository: ONE, digest: FIRST.digest }, { times: 6, pause: GRACE_MS / 5 }),
      deletesRepository(ONE),
      purgesDue(),
    ],
    purges: true,
  },
  "a delete of a tag": {
    given,
    later: 0,
    actors: [byTag, purging(deletesTag(ONE, "a")), purgesDue()],
    purges: true,
  },
  "a move of a tag": {
    given,
    later: 0,
    actors: [byTag, purging(putsManifest(SECOND, ONE, "a")), purgesDue()],
    purges: true,
  },
  "a delete of a blob": {
    given,
    later: 0,
    actors: [
      pullsCached({ repository: ONE, blob: LAYER.digest }),
      purging(deletesBlob(LAYER, ONE)),
      purgesDue(),
    ],
    purges: true,
  },
  "a delete of a repository": {
    given,
    later: EXPIRY_MS,
    actors: [
      byDigest,
      byTag,
      pullsCached({ repository: ONE, blob: CONFIG.digest }),
      purging(deletesRepository(ONE)),
      purgesDue(),
    ],
    purges: true,
  },
  "retention": {
    given: [pushesImage(SECOND, ONE), pushesImage(FIRST, ONE, { tags: ["a"] })],
    later: UNTAGGED_MS + LONG_UNPULLED_MS,
    actors: [
      secondByDigest,
      byTag,
      purging(retainsTags()),
      later(GRACE_MS + 200, purging(retains({ times: 1 }))),
    ],
    purges: true,
  },
} satisfies Record<string, Scenario>;

/** Any changes and purges beside pulls, and mostly a collector. */
export function purgeScenario(choices: Choices): Scenario {
  const below = (n: number) => choices.below(n);
  const change = (): Actor => {
    const actor = anyActor(below, { deletes: true, verifies: false });
    return below(3) === 0 ? actor : purging(actor);
  };
  const collectors = below(2) === 0 ? [] : [collects({ limit: [1, 3, 100][below(3)]! })];
  return {
    given,
    later: [0, GRACE_MS / 2, GRACE_MS + 600, EXPIRY_MS + GRACE_MS + 600][below(4)]!,
    actors: [byDigest, byTag, change(), change(), purgesDue(), ...collectors],
    immutable: below(8) === 0,
    purges: true,
  };
}
