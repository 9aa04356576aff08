/**
 * Changes, and the delivery of their events.
 *
 * @module
 */
import {
  type Actor,
  collects,
  collectsCandidates,
  deletes,
  deletesRepository,
  deletesTag,
  inTurn,
  later,
  pushesImage,
  putsManifest,
  relaying,
  retainsTags,
  takesEvents,
} from "./actors.ts";
import { anyActor } from "./any_actor.ts";
import type { Choices } from "./choices.ts";
import type { Scenario } from "./scenario.ts";
import { EXPIRY_MS, GRACE_MS, LONG_UNPULLED_MS, UNTAGGED_MS } from "./settings.ts";
import { FIRST, INDEX, REPOSITORIES, SECOND } from "./world.ts";

const [ONE] = REPOSITORIES;

const given = [pushesImage(SECOND, ONE), pushesImage(FIRST, ONE, { tags: ["a"] })];

/** Scenarios of changes, and of the processes that deliver their events. */
export const EVENTS = {
  "moves of a tag by two processes": {
    given,
    later: 0,
    actors: [
      relaying(inTurn(putsManifest(SECOND, ONE, "a"), putsManifest(FIRST, ONE, "a"))),
      relaying(putsManifest(SECOND, ONE, "a")),
    ],
    events: "failing",
  },
  "pushes that race for a tag, by processes that then end": {
    given,
    later: 0,
    actors: [putsManifest(SECOND, ONE, "b"), putsManifest(FIRST, ONE, "b"), takesEvents()],
    events: "reliable",
  },
  "moves that race for a tag, by processes that then end": {
    given: [...given, pushesImage(INDEX, ONE)],
    later: 0,
    actors: [putsManifest(SECOND, ONE, "a"), putsManifest(INDEX, ONE, "a"), takesEvents()],
    events: "reliable",
  },
  "a push by a process that may end at any moment": {
    given,
    later: 0,
    actors: [putsManifest(SECOND, ONE, "a", "b"), takesEvents()],
    danger: "often",
    events: "failing",
  },
  "a delete of a tag beside a push of it": {
    given,
    later: 0,
    actors: [relaying(deletesTag(ONE, "a")), putsManifest(SECOND, ONE, "a"), takesEvents()],
    events: "reliable",
  },
  "a tag that is deleted and pushed again": {
    given,
    later: 0,
    actors: [relaying(inTurn(deletesTag(ONE, "a"), putsManifest(SECOND, ONE, "a"))), takesEvents()],
    danger: "often",
    events: "reliable",
  },
  "a delete of a manifest beside a push of it": {
    given,
    later: GRACE_MS / 2,
    actors: [relaying(deletes(FIRST, ONE)), relaying(putsManifest(FIRST, ONE, "b")), takesEvents()],
    danger: "often",
    events: "reliable",
  },
  "a push and its delete by processes that then end": {
    given: [pushesImage(FIRST, ONE)],
    later: 0,
    actors: [inTurn(putsManifest(FIRST, ONE, "a"), deletes(FIRST, ONE)), later(GRACE_MS / 4, takesEvents())],
    danger: "often",
    events: "reliable",
  },
  "a delete of a repository": {
    given,
    later: EXPIRY_MS,
    actors: [relaying(deletesRepository(ONE)), takesEvents()],
    danger: "often",
    events: "reliable",
  },
  "retention": {
    given,
    later: UNTAGGED_MS + LONG_UNPULLED_MS,
    actors: [relaying(retainsTags()), takesEvents()],
    events: "reliable",
  },
} satisfies Record<string, Scenario>;

/** Any changes, and processes that deliver events beside them. */
export function eventScenario(choices: Choices): Scenario {
  const below = (n: number) => choices.below(n);
  const maybeRelaying = (actor: Actor) => below(3) === 0 ? actor : relaying(actor);
  const push = () =>
    putsManifest([FIRST, SECOND, INDEX][below(3)]!, ONE, ...["a", "b"].slice(0, 1 + below(2)));
  const deletion = () => [deletes(FIRST, ONE), deletesTag(ONE, "a"), deletesRepository(ONE)][below(3)]!;
  const turn = () => maybeRelaying(below(3) === 0 ? deletion() : push());
  const any = maybeRelaying(anyActor(below, { deletes: true, verifies: false }));
  const collectors = below(3) === 0 ? [below(2) === 0 ? collects({ limit: 3 }) : collectsCandidates()] : [];
  return {
    given: [pushesImage(INDEX, ONE), ...given],
    later: [0, GRACE_MS / 2, GRACE_MS + 600][below(3)]!,
    actors: [inTurn(turn(), turn()), below(2) === 0 ? any : turn(), takesEvents(), ...collectors],
    immutable: below(8) === 0,
    events: below(2) === 0 ? "reliable" : "failing",
  };
}
