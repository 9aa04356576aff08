/**
 * Work of an operator beside the clients of a registry: backups and scrubs.
 *
 * @module
 */
import { type Actor, collects, deletes, pushesImage } from "./actors.ts";
import { anyActor, anyBeginning } from "./any_actor.ts";
import type { Choices } from "./choices.ts";
import { EXPIRY_MS, GRACE_MS } from "./settings.ts";
import type { Scenario } from "./scenario.ts";
import { must } from "./violation.ts";
import { FIRST, REPOSITORIES } from "./world.ts";

const [ONE] = REPOSITORIES;

/** Copies the registry while it runs; a check at the end finds missing content. */
export const backsUp = (): Actor => ({
  name: "back up",
  run: (_client, _stored, { copyRegistry }) => copyRegistry(),
});

/** Findings that no crash or delay of a process can cause. */
const DAMAGE = [
  "corrupt-object",
  "truncated-object",
  "missing-object",
  "corrupt-manifest",
  "unreadable-item",
];

/** Scrubs with repair an undamaged registry. */
export const scrubs = (): Actor => ({
  name: "scrub",
  async run(_client, { scrub }) {
    await scrub({
      repair: true,
      found: ({ kind, name, note }) => must(!DAMAGE.includes(kind), `A scrub finds ${kind} ${name}: ${note}`),
    });
  },
});

/** Collects again and again, without a pause. */
const collectsOften: Actor = {
  name: "collect often",
  async run(_client, { collect }) {
    for (let time = 0; time < COLLECTIONS; time++) {
      for (let step = await collect(); step.next !== undefined;) step = await collect({ after: step.next });
    }
  },
};

/** Collections until the remains of a manifest, then the links of its blobs, and then the blobs are removed. */
const COLLECTIONS = 3;

/** A backup during the deletion of an image whose content is old enough to be removed at once. */
export const COPY_BESIDE_REMOVAL: Scenario = {
  given: [pushesImage(FIRST, ONE, { tags: ["a"] })],
  later: EXPIRY_MS + GRACE_MS + 600,
  actors: [backsUp(), deletes(FIRST, ONE), collectsOften],
};

/** Any processes, beside a backup or a scrub, and mostly a collector. */
export function operatorScenario(choices: Choices): Scenario {
  const below = (n: number) => choices.below(n);
  const operator = below(2) === 0 ? backsUp() : scrubs();
  const deletes = below(2) === 0;
  const given = Array.from({ length: 1 + below(3) }, () => anyBeginning(below));
  const later = [0, GRACE_MS / 2, GRACE_MS + 600, GRACE_MS + 600, EXPIRY_MS + GRACE_MS + 600][below(5)]!;
  const actors = Array.from({ length: 1 + below(2) }, () => anyActor(below, { deletes, verifies: false }));
  const collectors = below(4) === 0 ? [] : [collects({ limit: [1, 3, 100][below(3)]!, times: 1 + below(2) })];
  return { given, later, actors: [operator, ...actors, ...collectors], immutable: below(4) === 0 };
}
