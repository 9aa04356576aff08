import * as registry from "../../registry/mod.ts";
import { runAll } from "./search.ts";
import { collects, deletes, mounts, pushes, pushesImage, putsManifest } from "./actors.ts";
import { BLOBS, REPOSITORIES, SINGLE } from "./world.ts";
import { GRACE } from "./settings.ts";
const [ONE, TWO] = REPOSITORIES;
const [CONFIG] = BLOBS;
const oldBlob = { given: [pushes(CONFIG, ONE, "whole")], later: GRACE + 600 };
const S = {
  mount: { ...oldBlob, actors: [mounts(CONFIG, TWO, ONE), collects()] },
  put: { ...oldBlob, actors: [putsManifest(SINGLE, ONE, "a"), collects()] },
  push: { ...oldBlob, actors: [pushes(CONFIG, TWO, "whole"), collects()] },
  two: { ...oldBlob, actors: [collects(), collects()] },
  del: {
    given: [pushesImage(SINGLE, ONE, { tags: ["a"] })],
    later: 0,
    actors: [putsManifest(SINGLE, ONE, "b"), deletes(SINGLE, ONE)],
  },
  three: { ...oldBlob, actors: [putsManifest(SINGLE, ONE), mounts(CONFIG, ONE), collects()] },
};
for (const [name, s] of Object.entries(S)) {
  if (Deno.args[0] && Deno.args[0] !== name) continue;
  const t0 = performance.now();
  const r = await runAll(registry, s, { limit: Number(Deno.args[1] ?? 20000) });
  console.log(name, r.runs, (performance.now() - t0).toFixed(0), r.failure?.report.slice(0, 3000));
}
