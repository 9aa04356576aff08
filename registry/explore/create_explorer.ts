import type { Context } from "../protocol/mod.ts";
import { EXPIRY_SHARDS } from "../items/mod.ts";
import type { Explorer } from "./explorer.ts";
import {
  countReferrers,
  readDigestsFrom,
  readManifests,
  readManifestSizes,
  readReferencing,
  readReferrers,
  readTagsOf,
} from "./manifests.ts";
import { readBlobs, readLeases, readRepositories, readUpload, readUploads, readUsage } from "./storage.ts";
import { readLastPull, readPulls, readTagNames, readTags, readTagsNamed } from "./tags.ts";

/** Explorer of a registry. Background work makes way for its reads, as for those of the registry. */
export function createExplorer(context: Context): Explorer {
  const bind = <A extends unknown[], R>(read: (context: Context, ...rest: A) => R) => (...rest: A): R => {
    context.asked.count++;
    return read(context, ...rest);
  };
  return {
    repositories: bind(readRepositories),
    tags: bind(readTags),
    tagNames: bind(readTagNames),
    tagsNamed: bind(readTagsNamed),
    pulls: bind(readPulls),
    lastPull: bind(readLastPull),
    immutable: async (repository) => await context.immutable.in(repository) ?? (() => false),
    manifests: bind(readManifests),
    digestsFrom: bind(readDigestsFrom),
    tagsOf: bind(readTagsOf),
    referencing: bind(readReferencing),
    countReferrers: bind(countReferrers),
    referrers: bind(readReferrers),
    uploads: bind(readUploads),
    uploadShards: EXPIRY_SHARDS.length,
    upload: bind(readUpload),
    blobs: bind(readBlobs),
    manifestSizes: bind(readManifestSizes),
    usage: bind(readUsage),
    leases: bind(readLeases),
  };
}
