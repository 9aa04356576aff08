import {
  collects,
  deletes,
  deletesBlob,
  deletesRepository,
  deletesTag,
  inTurn,
  later,
  pulls,
  pushes,
  pushesImage,
  reads,
  readsBlob,
  readsImage,
} from "../actors.ts";
import { FIRST, SECOND } from "../world.ts";
import { edit, type Mutation } from "./mutation.ts";
import { CONFIG, image, LARGE, LAYER, ONE } from "./scenes.ts";

/** A delete beside reads of what it deletes. */
const beside = { ...image, actors: [reads(FIRST, ONE, { times: 5 }), deletes(FIRST, ONE)] };

/** The same, with processes that die. */
const dying = { ...beside, danger: "often" };

/** Many requests of one process at the same time, for which the epoch changes now and then. */
const crowd = {
  ...image,
  actors: [
    reads(FIRST, ONE, { times: 6, pause: 10, parallel: 4 }),
    deletes(FIRST, ONE),
    deletesBlob(LARGE, ONE),
    deletesBlob(LARGE, ONE),
  ],
};

/** A delete of a blob beside reads of it. */
const blob = {
  given: [pushes(CONFIG, ONE, "whole")],
  later: 0,
  actors: [readsBlob(CONFIG, ONE, { times: 5 }), deletesBlob(CONFIG, ONE)],
};

/** The same over a table that counts its changes, with a HEAD before each GET. */
const counted = {
  ...blob,
  actors: [readsBlob(CONFIG, ONE, { heads: true, times: 5 }), deletesBlob(CONFIG, ONE)],
  counts: true,
};

/** Pulls of an image, beside deletes of a blob of it. */
const pulled = {
  ...image,
  actors: [readsImage(FIRST, ONE, { times: 4 }), deletesBlob(CONFIG, ONE), deletesBlob(LAYER, ONE)],
};

const pull = pulls(ONE, "a", { deletes: true });

/** Pulls by a tag over a table that counts its changes, beside a move and a delete of the tag. */
const moved = {
  ...image,
  actors: [inTurn(pull, pull, pull), inTurn(pushesImage(SECOND, ONE, { tags: ["a"] }), deletesTag(ONE, "a"))],
  counts: true,
};

const CHANGE = "  await changeEpoch(beginWork(context), repository);\n";
const TAKE =
  "  const taken = await takeManifest(context, repository, digest, { changed, isImmutable, keepTags });\n";

/** Mistakes in what ends the memory of processes. */
export const FRESHNESS_MISTAKES: Mutation[] = [
  {
    name: "a delete changes the epoch before it takes the manifest",
    edits: [
      edit("registry/manifests/manifest_delete.ts", TAKE, CHANGE.replace("await", "await 0; await") + TAKE),
      edit("registry/manifests/manifest_delete.ts", `changed the epoch.\n${CHANGE}`, "changed the epoch.\n"),
    ],
    scenario: beside,
  },
  {
    name: "a delete is acknowledged before it changes the epoch",
    edits: [
      edit(
        "registry/manifests/manifest_delete.ts",
        CHANGE,
        CHANGE.replace("await", "void").replace(";", ".catch(() => {});"),
      ),
    ],
    scenario: beside,
  },
  {
    name: "a delete that finds nothing leaves the epoch as it is",
    edits: [
      edit("registry/manifests/manifest_delete.ts", CHANGE, `  if (taken !== undefined) {${CHANGE}}`),
    ],
    scenario: dying,
  },
  {
    name: "a delete of a repository leaves the epoch as it is",
    edits: [edit("registry/collection/repository_delete.ts", "changeEpoch(work, repository), ", "")],
    scenario: { ...image, actors: [reads(FIRST, ONE, { times: 5 }), deletesRepository(ONE)] },
  },
  {
    name: "only the first delete changes the epoch",
    edits: [edit(
      "registry/protocol/epoch.ts",
      "ifUnchanged(current)",
      "{ ifAbsent: true }",
    )],
    scenario: {
      given: [pushesImage(FIRST, ONE), pushesImage(SECOND, ONE), deletes(SECOND, ONE)],
      later: 0,
      actors: beside.actors,
    },
  },
  {
    name: "a delete takes a change of the epoch for its own that came before it",
    edits: [
      edit(
        "registry/manifests/manifest_delete.ts",
        TAKE,
        "  const { table } = context;\n  const key = { pk: `repo#${repository}`, sk: 'epoch' };\n" +
          `  const seen = await table.get(key, { consistent: true });\n${TAKE}`,
      ),
      edit(
        "registry/manifests/manifest_delete.ts",
        CHANGE,
        "  await table.put({ ...key, attributes: { at: context.now() } }, " +
          "seen === undefined ? { ifAbsent: true } : { ifVersion: seen.version });\n",
      ),
    ],
    scenario: {
      given: [pushesImage(FIRST, ONE), pushesImage(SECOND, ONE)],
      later: 0,
      actors: [...beside.actors, deletes(SECOND, ONE)],
    },
  },
  {
    name: "the epoch is read as it was a moment ago",
    edits: [edit(
      "registry/protocol/epoch.ts",
      "epochOf(await table.get(epochKey(repository), { consistent: true }))",
      "epochOf(await table.get(epochKey(repository)))",
    )],
    scenario: beside,
  },
  {
    name: "a manifest is remembered as it was a moment ago",
    edits: [edit(
      "registry/manifests/manifest_store.ts",
      "    const item = await readManifest(context, repository, digest, { consistent: true });\n" +
        "    if (item === undefined) break;",
      "    const item = await readManifest(context, repository, digest, { consistent: false });\n" +
        "    if (item === undefined) break;",
    )],
    scenario: { ...beside, actors: [reads(FIRST, ONE, { times: 5 }), deletes(FIRST, ONE)] },
  },
  {
    name: "a request goes by a read of the epoch that began before it",
    from: 13_200,
    edits: [
      edit("cache/shared_reads.ts", "    this.#waiting.delete(key);\n", ""),
      edit(
        "cache/shared_reads.ts",
        "      this.#end(key);\n",
        "      this.#waiting.delete(key);\n      this.#end(key);\n",
      ),
    ],
    scenario: crowd,
  },
  {
    name: "a manifest is remembered under the epoch that was read after it",
    edits: [edit(
      "cache/cached.ts",
      "    return manifests.get(keyOf(repository, digest), read, epoch);\n",
      "    return read().catch(() => undefined).then(async (found) => {\n" +
        "      const late = await check.current(repository, true);\n" +
        "      return manifests.get(keyOf(repository, digest), () => found ? Promise.resolve(found) : read(), late);\n" +
        "    });\n",
    )],
    scenario: beside,
  },
  {
    name: "a manifest is remembered under the epoch that was read together with it",
    edits: [edit(
      "cache/cached.ts",
      "    return manifests.get(keyOf(repository, digest), read, epoch);\n",
      "    const both = Promise.all([read().catch(() => undefined), check.current(repository, true)]);\n" +
        "    return both.then(([found, known]) => " +
        "manifests.get(keyOf(repository, digest), () => found ? Promise.resolve(found) : read(), known));\n",
    )],
    scenario: beside,
  },
  {
    name: "a blob is answered without a look at the repository",
    edits: [edit(
      "cache/cached.ts",
      "    return await gets.get(key, () => last",
      "    return await readers.get(key, () => last",
    )],
    scenario: blob,
  },
  {
    name: "a blob is remembered in every epoch",
    edits: [edit(
      "cache/cached.ts",
      "await readers.get(key, async () => reopening(repository, await read()), epoch)",
      'await readers.get(key, async () => reopening(repository, await read()), epoch && "")',
    )],
    scenario: counted,
  },
  {
    name: "a blob is answered by the epoch that was read last",
    edits: [edit(
      "cache/cached.ts",
      "      const epoch = await check.current(repository, false);\n      return await readers",
      "      const epoch = last ?? await check.current(repository, false);\n      return await readers",
    )],
    scenario: pulled,
  },
  {
    name: "what HEAD found is remembered under the epoch that was read after it",
    edits: [edit(
      "cache/cached.ts",
      "    const epoch = check.last(repository);\n" +
        "    const read = () => registry.statBlob(repository, digest);\n",
      "    const found = await registry.statBlob(repository, digest);\n" +
        "    const read = () => Promise.resolve(found);\n" +
        "    const epoch = await check.current(repository, true);\n",
    )],
    scenario: counted,
  },
  {
    name: "what is read ahead is remembered under the epoch that was read after it",
    edits: [
      edit(
        "cache/cached.ts",
        "      ahead.after(repository, found, epoch);\n",
        "      ahead.after(repository, found, check);\n",
      ),
      edit(
        "cache/read_ahead.ts",
        "    const reading = batch(wanted);\n",
        "    const reading = batch(wanted);\n    await reading.catch(() => {});\n" +
          "    epoch = await epoch.current(repository, true);\n",
      ),
      edit(
        "cache/read_ahead.ts",
        "!cache.knows(keyOf(repository, digest), epoch)",
        "!cache.knows(keyOf(repository, digest), epoch.last(repository))",
      ),
    ],
    scenario: pulled,
  },
  {
    name: "blobs are read ahead as they were a moment ago",
    edits: [edit(
      "registry/blobs/blobs.ts",
      "  const items = await context.table.getMany(keys, { consistent: true });\n",
      "  const items = await context.table.getMany(keys);\n",
    )],
    scenario: pulled,
  },
  {
    name: "what is remembered counts in every epoch",
    edits: [
      edit(
        "storage/ttl_cache.ts",
        "const isHit = known?.epoch === epoch;",
        "const isHit = known !== undefined;",
      ),
    ],
    scenario: beside,
  },
  {
    name: "what a delete that died has left in memories never ends",
    edits: [edit("storage/ttl_cache.ts", "    ttl: age,\n", "    ttl: 0,\n")],
    scenario: {
      given: [pushesImage(FIRST, ONE), reads(FIRST, ONE)],
      later: 0,
      actors: [deletes(FIRST, ONE)],
      danger: "often",
    },
  },
  {
    name: "the target of a tag is remembered although the table has changed",
    edits: [
      edit("cache/epoch_check.ts", "known?.since === count ? known :", "known !== undefined ? known :"),
    ],
    scenario: moved,
  },
  {
    name: "the target of a tag is remembered under a change count that was read after it",
    edits: [edit(
      "cache/epoch_check.ts",
      "    if (this.#knownTargets.size >= MAX_KNOWN)",
      "    since = await this.#epochs.changeCount!();\n    if (this.#knownTargets.size >= MAX_KNOWN)",
    )],
    scenario: moved,
  },
  {
    name: "the collector takes an epoch while others remember that there was none",
    edits: [edit(
      "registry/collection/collect_leftovers.ts",
      "if (!isOld(context, stored<EpochAttributes>(item)!.attributes.at)) return undefined;",
      "",
    )],
    scenario: {
      ...image,
      actors: [
        reads(FIRST, ONE, { times: 12, pause: 30 }),
        deletesRepository(ONE),
        later(150, collects()),
        later(250, collects()),
      ],
    },
  },
];
