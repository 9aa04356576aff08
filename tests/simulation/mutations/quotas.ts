import { edit, type Mutation } from "./mutation.ts";
import { inTurn, pushesImage, putsManifest } from "../actors.ts";
import { FIRST, INDEX, SECOND, SINGLE } from "../world.ts";
import { ONE } from "./scenes.ts";

/** Images of which one alone has room. */
const images = inTurn(
  pushesImage(SINGLE, ONE),
  pushesImage(FIRST, ONE),
  pushesImage(SECOND, ONE),
  putsManifest(INDEX, ONE),
);

/** Mistakes in quotas and in what they count. */
export const QUOTA_MISTAKES: Mutation[] = [
  {
    name: "a quota does not count what was stored",
    edits: [
      edit(
        "registry/limits/quotas.ts",
        "for (const quota of quotas) quota.used += bytes;\n    await addUsage(work, repository, bytes);",
        "await work.now();",
      ),
    ],
    scenario: { given: [], later: 0, actors: [images], quota: 450 },
  },
  {
    name: "a recount leaves out the manifests",
    edits: [
      edit(
        "registry/collection/recount_usage.ts",
        "await countBlobs(context, repository) + await countManifests(context, repository)",
        "await countBlobs(context, repository) + 0 * await countManifests(context, repository)",
      ),
    ],
    scenario: { given: [], later: 0, actors: [pushesImage(FIRST, ONE, { tags: ["a"] })], quota: 900 },
  },
];
