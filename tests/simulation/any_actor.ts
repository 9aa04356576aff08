import {
  abandons,
  type Actor,
  cancels,
  collectsCandidates,
  deletes,
  deletesBlob,
  deletesRepository,
  deletesTag,
  mounts,
  mountsImage,
  pulls,
  pullsRecorded,
  pushes,
  pushesImage,
  putsManifest,
  reads,
  retains,
  retainsTags,
  swaps,
  sweeps,
} from "./actors.ts";
import { GRACE_MS } from "./settings.ts";
import { WAYS } from "./upload_ways.ts";
import { ARTIFACT, BLOBS, FIRST, INDEX, REPOSITORIES, SECOND, TAGS } from "./world.ts";

const [ONE, TWO] = REPOSITORIES;

type Below = (n: number) => number;

/** An actor that may run first, to create content. */
export function anyBeginning(below: Below): Actor {
  const repository = REPOSITORIES[below(3) === 0 ? 1 : 0]!;
  const manifest = [FIRST, FIRST, SECOND, INDEX, ARTIFACT][below(5)]!;
  const tags = TAGS.slice(0, below(3));
  switch (below(8)) {
    case 0:
    case 1:
    case 2:
    case 3:
      return pushesImage(manifest, repository, { tags });
    case 4:
      return pushes(BLOBS[below(3)]!, repository, "whole");
    case 5:
      return deletes(manifest, repository);
    case 6:
      return abandons(BLOBS[2], repository);
    default:
      return mounts(BLOBS[below(3)]!, TWO, ONE);
  }
}

/** An actor that may run beside others. */
export function anyActor(below: Below, options: { deletes: boolean; verifies: boolean }): Actor {
  const repository = REPOSITORIES[below(5) === 0 ? 1 : 0]!;
  const manifest = [FIRST, FIRST, FIRST, SECOND, INDEX, ARTIFACT][below(6)]!;
  const blob = BLOBS[below(3)]!;
  const tags = TAGS.slice(0, below(3));
  const way = WAYS[below(WAYS.length)]!;
  const pause = [0, 0, GRACE_MS / 4, GRACE_MS / 2][below(4)]!;
  const deletion = options.deletes
    ? [
      deletes(manifest, repository),
      deletes(manifest, repository),
      deletesTag(repository, "a"),
      deletesBlob(blob, repository),
      deletesRepository(repository),
    ][below(5)]!
    : pulls(repository, "a", options);
  const all = [
    pushes(blob, repository, way),
    pushesImage(manifest, repository, { tags, way, pause }),
    pushesImage(manifest, repository, { tags, pause }),
    putsManifest(manifest, repository, ...tags),
    swaps(manifest, repository, "a"),
    mounts(blob, TWO, below(3) === 0 ? undefined : ONE),
    mountsImage(below(2) === 0 ? FIRST : SECOND, TWO, ONE),
    deletion,
    deletion,
    pulls(repository, "a", options),
    cancels(blob, repository, { commits: below(2) === 0 }),
    reads(manifest, repository, { pause }),
    sweeps(),
    collectsCandidates({ times: 1 + below(2) }),
    retains(),
    retainsTags(),
    pullsRecorded(repository),
    options.verifies ? pushes(BLOBS[3], repository, "verified") : pushes(blob, repository, "whole"),
  ];
  return all[below(all.length)]!;
}
