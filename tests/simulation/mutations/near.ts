import {
  deletes,
  deletesBlob,
  inTurn,
  pulls,
  pushes,
  pushesImage,
  putsManifest,
  reads,
  readsBlob,
} from "../actors.ts";
import { FIRST, SECOND } from "../world.ts";
import { edit, type Mutation } from "./mutation.ts";
import { CONFIG, image, ONE } from "./scenes.ts";

const READS = "registry/near/near_reads.ts";
const OBJECTS = "registry/near/near_objects.ts";

/** Reads at a replica of the table of what is pushed and deleted. */
const near = { tableReads: "near" as const };

/** Reads of an image that was just pushed. */
const pushed = {
  ...near,
  given: [],
  later: 0,
  actors: [
    inTurn(pushesImage(FIRST, ONE, { tags: ["a"] }), reads(FIRST, ONE), pulls(ONE, "a", { deletes: true })),
  ],
};

/** Reads of an image until long after its delete, with a HEAD before each GET or without. */
const deleted = ({ heads }: { heads: boolean }) => ({
  ...near,
  ...image,
  actors: [reads(FIRST, ONE, { heads, times: 12, pause: 30 }), deletes(FIRST, ONE)],
});

/** Room for what replicas have answered. Alone it is no mistake. */
const REMEMBERING = edit(
  READS,
  "  const { tables, objects } = options;\n",
  "  const { tables, objects } = options;\n  const known = new Map();\n",
);

/** Mistakes in reads at replicas. */
export const NEAR_MISTAKES: Mutation[] = [
  {
    name: "a manifest that a replica lacks is answered as missing",
    edits: [edit(
      READS,
      "return found ?? await home.getManifest(repository, reference, readOptions);",
      "return found ?? await Promise.reject(Object.assign(new Error(), { status: 404, code: 'UNKNOWN' }));",
    )],
    scenario: pushed,
  },
  {
    name: "a blob that a replica of the table lacks is answered as missing",
    edits: [edit(
      READS,
      "return await findBlob(repository, digest) ?? await home.getBlob(repository, digest);",
      "return await findBlob(repository, digest) ?? " +
        "await Promise.reject(Object.assign(new Error(), { status: 404, code: 'UNKNOWN' }));",
    )],
    scenario: {
      ...near,
      given: [],
      later: 0,
      actors: [inTurn(pushes(CONFIG, ONE, "whole"), readsBlob(CONFIG, ONE))],
    },
  },
  {
    name: "an object that a replica lacks is answered as missing",
    edits: [edit(OBJECTS, " ?? await home.get(key, range)", "")],
    scenario: {
      tableReads: "home" as const,
      given: [],
      later: 0,
      actors: [inTurn(pushes(CONFIG, ONE, "whole"), readsBlob(CONFIG, ONE))],
    },
  },
  {
    name: "HEAD of a manifest reads a replica",
    edits: [edit(READS, "readOptions?.exact ? undefined : ", "")],
    scenario: deleted({ heads: true }),
  },
  {
    name: "HEAD of a blob reads a replica",
    edits: [edit(
      READS,
      "    ...home,\n",
      "    ...home,\n    statBlob: async (repository, digest) =>\n" +
        "      await findBlob(repository, digest) ?? await home.statBlob(repository, digest),\n",
    )],
    scenario: {
      ...near,
      given: [pushes(CONFIG, ONE, "whole")],
      later: 0,
      actors: [readsBlob(CONFIG, ONE, { heads: true, times: 5 }), deletesBlob(CONFIG, ONE)],
    },
  },
  {
    name: "what a replica has answered is remembered",
    edits: [
      REMEMBERING,
      edit(
        READS,
        "readOptions?.exact ? undefined : await findManifest(repository, reference);",
        "readOptions?.exact ? undefined : known.get(JSON.stringify(reference)) ?? " +
          "await findManifest(repository, reference);\n      known.set(JSON.stringify(reference), found);",
      ),
    ],
    scenario: deleted({ heads: false }),
  },
  {
    name: "what a replica has answered is remembered under the epoch that the replica had before",
    edits: [
      REMEMBERING,
      edit(
        READS,
        "    const [item] = await read([manifestKey(repository, digest)]);\n",
        "    const key = manifestKey(repository, digest);\n" +
          '    const [epoch] = await read([{ ...key, sk: "epoch" }]);\n' +
          "    const name = key.sk + epoch?.version;\n" +
          "    const [item] = known.has(name) ? known.get(name) : await read([key]);\n" +
          "    if (item) known.set(name, [item]);\n",
      ),
    ],
    scenario: deleted({ heads: false }),
  },
  {
    name: "a tag is read at a replica, and its manifest at home",
    edits: [edit(
      READS,
      "    if (digest === undefined) return undefined;\n",
      "    if (digest === undefined) return undefined;\n" +
        '    if ("tag" in reference) return await home.getManifest(repository, { digest });\n',
    )],
    scenario: {
      ...near,
      given: [pushesImage(FIRST, ONE, { tags: ["a"] }), pushesImage(SECOND, ONE)],
      later: 0,
      actors: [
        inTurn(putsManifest(SECOND, ONE, "a"), deletes(FIRST, ONE), pulls(ONE, "a", { deletes: true })),
      ],
    },
  },
];
