/**
 * Costs of the registry relative to minimal programs that do the same work: every figure is a ratio of two sides
 * measured in turn in one run on one machine. Linux only.
 *
 * ```sh
 * deno task bench                              # everything; exit code 1 where a target is missed
 * deno task bench manifests start              # some of it
 * deno task bench --json=bench.json            # with all samples in a file
 * deno task bench compare                      # beside zot and distribution: compare/compare.ts
 * ```
 *
 * @module
 */

import { parseArgs } from "node:util";
import { blobPull } from "./blob_pull.ts";
import { blobPush } from "./blob_push.ts";
import { chunkedUpload } from "./chunked_upload.ts";
import { collection } from "./collection.ts";
import { collectionS3 } from "./collection_s3.ts";
import { compare } from "./compare/compare.ts";
import { type Figure, line, passes, valueOf } from "./figure.ts";
import { heldBodies } from "./held_bodies.ts";
import { largeBlob } from "./large_blob.ts";
import { lists } from "./lists.ts";
import { logins } from "./logins.ts";
import { manifestPull } from "./manifest_pull.ts";
import { manyManifests } from "./many_manifests.ts";
import { memory } from "./memory.ts";
import { pages } from "./pages.ts";
import { pullCost } from "./pull_cost.ts";
import { redirects } from "./redirects.ts";
import { s3Memory } from "./s3_memory.ts";
import { s3Patch } from "./s3_patch.ts";
import { s3Pull } from "./s3_pull.ts";
import { s3Put } from "./s3_put.ts";
import { startup } from "./startup.ts";
import { telemetry } from "./telemetry.ts";
import { tokenPull } from "./token_pull.ts";
import { workers } from "./workers.ts";
import { zipf } from "./zipf.ts";

/** Measures some figures, each so many times. */
type Group = (rounds: number) => Promise<Figure[]>;

const GROUPS: Record<string, Group> = {
  "manifest-pull": manifestPull,
  "token-pull": tokenPull,
  "telemetry": telemetry,
  "logins": logins,
  "pages": pages,
  "blob-pull": blobPull,
  "blob-push": blobPush,
  "chunked-upload": chunkedUpload,
  "many-manifests": manyManifests,
  "lists": lists,
  "collection": collection,
  "s3-collection": collectionS3,
  "memory": memory,
  "held-bodies": heldBodies,
  "startup": startup,
  "s3-pull": s3Pull,
  "pull-cost": pullCost,
  "redirects": redirects,
  "s3-put": s3Put,
  "s3-patch": s3Patch,
  "s3-memory": s3Memory,
  "large-blob": largeBlob,
  "workers": workers,
  "zipf": zipf,
};

const { values, positionals } = parseArgs({
  args: Deno.args,
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "5" },
    json: { type: "string" },
    only: { type: "string" },
    place: { type: "string" },
    workers: { type: "string", default: "1" },
    durable: { type: "boolean" },
  },
});
const rounds = Number(values.rounds);
if (!Number.isSafeInteger(rounds) || rounds < 1) {
  throw new RangeError(`Cannot measure "${values.rounds}" rounds`);
}
if (positionals.length === 1 && positionals[0] === "compare") {
  const { only, place, durable = false } = values;
  await compare({ rounds, only, place, workers: Number(values.workers), durable });
  Deno.exit(0);
}
const names = positionals.length === 0 ? Object.keys(GROUPS) : positionals;
const unknown = names.filter((name) => !Object.hasOwn(GROUPS, name));
if (unknown.length > 0) throw new TypeError(`Cannot measure "${unknown.join('", "')}": no such figures`);

const figures: Figure[] = [];
for (const name of names) {
  const measured = await GROUPS[name]!(rounds);
  for (const figure of measured) console.log(line(figure));
  figures.push(...measured);
}
if (values.json !== undefined) {
  const report = figures.map((figure) => ({ ...figure, value: valueOf(figure), pass: passes(figure) }));
  await Deno.writeTextFile(values.json, JSON.stringify(report, null, 2) + "\n");
}
const missed = figures.filter((figure) => !passes(figure)).length;
console.log(`${figures.length - missed} passed, ${missed} failed`);
Deno.exitCode = missed === 0 ? 0 : 1;
