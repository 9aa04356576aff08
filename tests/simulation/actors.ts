import type { RepositoryName, Tag } from "../../oci/mod.ts";
import {
  type EventOutbox,
  type EventReceiver,
  type Outbox,
  type PurgeTarget,
  type StoredRegistry,
  throwFailures,
} from "../../registry/mod.ts";
import { type Client, GivenUp } from "./client.ts";
import { GRACE_MS, PULLED_TAG, RETENTION, TAG_RETENTION } from "./settings.ts";
import { cancel, forge, pushBlob, pushWhole, type Way } from "./upload_ways.ts";
import type { CachedPath, SharedCache } from "./shared_cache.ts";
import { must } from "./violation.ts";
import { type Blob, type ManifestPlan, MANIFESTS } from "./world.ts";

/** Operator's commands that work on the stores directly, and the shared cache. */
export interface Commands {
  /** The shared cache in front of all processes. */
  cache: SharedCache;
  /** The same, for purges by this process. */
  target: PurgeTarget;
  /** Purges that this process has left, and those of others. */
  outbox: () => Promise<Outbox>;
  /** Events that wait, of this process and of others. */
  events: () => Promise<EventOutbox>;
  /** Receiver of events, for deliveries by this process. */
  receiver: EventReceiver;
  /** Copies the registry while it runs. */
  copyRegistry: () => Promise<void>;
}

/** Work of a process in a run. */
export interface Actor {
  name: string;
  run: (client: Client, stored: StoredRegistry, commands: Commands) => Promise<unknown>;
}

/** Pushes missing content, the children first, and the manifest after a pause. */
async function pushImage(
  client: Client,
  repository: RepositoryName,
  manifest: ManifestPlan,
  { tags = [], way = "whole", pause = 0 }: { tags?: readonly string[]; way?: Way; pause?: number },
): Promise<void> {
  for (const child of manifest.children) await pushImage(client, repository, child, { way });
  for (const blob of manifest.blobs) {
    if (!await client.hasBlob(repository, blob)) await pushBlob(client, repository, blob, way);
  }
  if (pause > 0) await client.pause(pause);
  await client.putManifest(repository, manifest, tags);
}

/** Pushes a blob. */
export const pushes = (blob: Blob, repository: RepositoryName, way: Way): Actor => ({
  name: `push ${blob.name} ${way}`,
  run: (client) => pushBlob(client, repository, blob, way),
});

/**
 * Pushes other content under the digest of a blob that this repository does not have and no other process pushes to it.
 */
export const forges = (blob: Blob, repository: RepositoryName): Actor => ({
  name: `forge ${blob.name}`,
  run: (client) => forge(client, repository, blob),
});

/** Pushes an image with all that it needs. */
export const pushesImage = (
  manifest: ManifestPlan,
  repository: RepositoryName,
  options: Parameters<typeof pushImage>[3] = {},
): Actor => ({
  name: `push ${manifest.name}`,
  run: (client) => pushImage(client, repository, manifest, options),
});

/** Pushes a manifest, and nothing else. */
export const putsManifest = (
  manifest: ManifestPlan,
  repository: RepositoryName,
  ...tags: string[]
): Actor => ({
  name: `put ${manifest.name}`,
  run: (client) => client.putManifest(repository, manifest, tags),
});

/** Moves a tag, with a condition on its last known target. */
export const swaps = (manifest: ManifestPlan, repository: RepositoryName, tag: string): Actor => ({
  name: `swap to ${manifest.name}`,
  async run(client) {
    const seen = await client.ask(`GET ${tag}`, () => client.registry.resolveTag(repository, tag as Tag));
    await client.putManifest(repository, manifest, [tag], { ifMatch: [seen] });
  },
});

/** Asks for a blob by HEAD, as a client does before it pushes an image. */
export const asks = (blob: Blob, repository: RepositoryName): Actor => ({
  name: `ask for ${blob.name}`,
  run: (client) => client.hasBlob(repository, blob),
});

/** Mounts a blob. */
export const mounts = (blob: Blob, to: RepositoryName, from?: RepositoryName): Actor => ({
  name: `mount ${blob.name}`,
  run: (client) => client.mount(to, blob, from),
});

/** Mounts the blobs of an image, and pushes it. */
export const mountsImage = (manifest: ManifestPlan, to: RepositoryName, from: RepositoryName): Actor => ({
  name: `mount ${manifest.name}`,
  async run(client) {
    for (const blob of manifest.blobs) {
      if (!await client.mount(to, blob, from)) await pushWhole(client, to, blob);
    }
    await client.putManifest(to, manifest, ["a"]);
  },
});

/** Deletes a manifest. */
export const deletes = (manifest: ManifestPlan, repository: RepositoryName): Actor => ({
  name: `delete ${manifest.name}`,
  run: (client) => client.deleteManifest(repository, manifest),
});

/** Deletes a tag. */
export const deletesTag = (repository: RepositoryName, tag: string): Actor => ({
  name: `delete tag ${tag}`,
  run: (client) => client.deleteTag(repository, tag),
});

/** Deletes a blob. */
export const deletesBlob = (blob: Blob, repository: RepositoryName): Actor => ({
  name: `delete ${blob.name}`,
  run: (client) => client.deleteBlob(repository, blob),
});

/** Deletes a repository with all that it has. */
export const deletesRepository = (repository: RepositoryName): Actor => ({
  name: `delete ${repository}`,
  run: (client) => client.deleteRepository(repository),
});

/** Begins an upload and cancels it, beside its commit if requested. */
export const cancels = (
  blob: Blob,
  repository: RepositoryName,
  options: { commits: boolean | "before" },
): Actor => ({
  name: `cancel ${blob.name}`,
  run: (client) => cancel(client, repository, blob, options),
});

/** Begins an upload and abandons it. */
export const abandons = (blob: Blob, repository: RepositoryName): Actor => ({
  name: `abandon ${blob.name}`,
  async run(client) {
    await client.ask("abandoned upload", async () => {
      const { id } = await client.registry.startUpload(repository, "anonymous");
      const stream = ReadableStream.from([blob.bytes]) as ReadableStream<Uint8Array<ArrayBuffer>>;
      await client.registry.appendUpload(repository, "anonymous", id, { stream, idle: 60_000 });
    });
  },
});

/** Removes unreferenced content, in steps of so many items, once or again after the grace period. */
export const collects = ({ limit = 100, times = 1 } = {}): Actor => ({
  name: "collect",
  async run(client, { collect }) {
    for (let time = 0; time < times; time++) {
      if (time > 0) await client.pause(GRACE_MS + 100);
      for (let step = await collect({ limit });;) {
        throwFailures(step.failures, "collect");
        if (step.next === undefined) break;
        step = await collect({ limit, after: step.next });
      }
    }
  },
});

/** Removes expired uploads and the garbage that candidates name, once or again after the grace period. */
export const collectsCandidates = ({ times = 1 } = {}): Actor => ({
  name: "collect candidates",
  async run(client, { sweep, collectCandidates }) {
    for (let time = 0; time < times; time++) {
      if (time > 0) await client.pause(GRACE_MS + 100);
      await sweep();
      await collectCandidates();
    }
  },
});

/** Removes expired uploads. */
export const sweeps = (): Actor => ({ name: "sweep", run: (_client, { sweep }) => sweep() });

/** Retention of untagged manifests: condemns them, and deletes the condemned ones in a later pass. */
export const retains = ({ times = 2 } = {}): Actor => ({
  name: "retain",
  async run(client, { retain }) {
    for (let time = 0; time < times; time++) {
      if (time > 0) await client.pause(GRACE_MS + 100);
      await Array.fromAsync(retain(RETENTION));
    }
  },
});

/** Retention of tags by their last pull, and of the manifests without a tag after that. */
export const retainsTags = (): Actor => ({
  name: "retain tags",
  run: (client, { retain }) => client.work({ kind: "retain" }, () => Array.fromAsync(retain(TAG_RETENTION))),
});

/** Pulls by tag at a process that records pulls. */
export const pullsRecorded = (repository: RepositoryName): Actor => ({
  name: `record a pull of ${PULLED_TAG}`,
  async run(client, { registry, pullTimes }) {
    const times = await pullTimes(TAG_RETENTION, () => {});
    must(times !== undefined, "No pulls are recorded");
    const tag = PULLED_TAG as Tag;
    await client.work({ kind: "pull", repository, tag }, async () => {
      await times.observe(registry).getManifest(repository, { tag });
      await times.flush();
    });
  },
});

/** Pulls through the shared cache, again and again with pauses of so many milliseconds. */
export const pullsCached = (path: CachedPath, { times = 4, pause = 60 } = {}): Actor => ({
  name: "pull through the shared cache",
  async run(client, _stored, { cache }) {
    for (let time = 0; time < times; time++) {
      await client.ask("pull through the shared cache", () => cache.get(path, client.registry));
      await client.pause(pause);
    }
  },
});

/** Makes the purges of changes of an actor at the same process after them, as processes do. */
export const purging = (actor: Actor): Actor => ({
  name: `${actor.name}, purging`,
  async run(client, stored, commands) {
    await actor.run(client, stored, commands);
    await (await commands.outbox()).drainSettled(commands.target);
  },
});

/** Makes purges of other processes that are due, twice. */
export const purgesDue = (): Actor => ({
  name: "purge what is due",
  async run(client, _stored, { outbox, target }) {
    for (let time = 0; time < 2; time++) {
      await (await outbox()).drainDue(target);
      await client.pause(GRACE_MS / 2);
    }
  },
});

/** Delivers the events of changes of an actor at the same process after them, as processes do, also after a failure. */
export const relaying = (actor: Actor): Actor => ({
  name: `${actor.name}, relaying`,
  async run(client, stored, commands) {
    try {
      await actor.run(client, stored, commands);
    } finally {
      const outbox = await commands.events();
      const { shards } = await outbox.relay([commands.receiver]);
      const own = shards.get(commands.receiver.name);
      if (own !== undefined) await outbox.deliver(commands.receiver, { shards: own });
    }
  },
});

/** Takes up and delivers the events of other processes, a few times. */
export const takesEvents = (): Actor => ({
  name: "take events",
  async run(client, _stored, { events, receiver }) {
    for (let time = 0; time < 3; time++) {
      const outbox = await events();
      await outbox.relayOthers([receiver]);
      await outbox.deliver(receiver);
      await client.pause(GRACE_MS / 8);
    }
  },
});

/** Runs several actors at one process, one after the other, also after a failure. */
export const inTurn = (...actors: Actor[]): Actor => ({
  name: actors.map(({ name }) => name).join(", "),
  async run(client, stored, commands) {
    for (const actor of actors) {
      try {
        await actor.run(client, stored, commands);
      } catch (error) {
        if (!(error instanceof GivenUp)) throw error;
      }
    }
  },
});

/** Runs an actor after these milliseconds. */
export const later = (milliseconds: number, actor: Actor): Actor => ({
  name: actor.name,
  async run(client, stored, commands) {
    await client.pause(milliseconds);
    await actor.run(client, stored, commands);
  },
});

/** Pulls a blob, and pushes it again if it is missing. */
export const restores = (blob: Blob, repository: RepositoryName): Actor => ({
  name: `restore ${blob.name}`,
  async run(client) {
    try {
      await client.ask(`GET ${blob.name}`, () => client.readBlob(repository, blob.digest));
    } catch (error) {
      if (!(error instanceof GivenUp) || error.told.status !== 404) throw error;
      if (!await client.hasBlob(repository, blob)) await pushWhole(client, repository, blob);
    }
  },
});

/** Pulls an image by its tag. Without deletes, the target of the tag exists. */
export const pulls = (repository: RepositoryName, tag: string, options: { deletes: boolean }): Actor => ({
  name: `pull ${tag}`,
  async run(client) {
    const { bytes } = await client.getTagged(repository, tag);
    const manifest = MANIFESTS.find((plan) => plan.bytes.length === bytes.length);
    must(manifest !== undefined, `GET ${tag} returned a manifest that was never pushed`);
    for (const { digest, name } of manifest.blobs) {
      try {
        await client.ask(`GET ${name}`, () => client.readBlob(repository, digest));
      } catch (error) {
        if (!(error instanceof GivenUp)) throw error;
        must(options.deletes || error.told.status === 503, `${name} of ${manifest.name} is gone`);
      }
    }
  },
});

/** Reads a manifest by its digest again and again, some at the same time, with pauses of so many milliseconds. */
export const reads = (
  manifest: ManifestPlan,
  repository: RepositoryName,
  { heads = false, times = 3, pause = 0, parallel = 2 } = {},
): Actor => ({
  name: `read ${manifest.name}`,
  run: (client) => client.getManifests(repository, manifest, { heads, times, pause, parallel }),
});

/** Reads a manifest and then its blobs, again and again. */
export const readsImage = (
  manifest: ManifestPlan,
  repository: RepositoryName,
  { times = 3, pause = 0 } = {},
): Actor => ({
  name: `read ${manifest.name} and its blobs`,
  async run(client) {
    for (let time = 0; time < times; time++) {
      await client.getManifests(repository, manifest, { heads: false, times: 1, pause, parallel: 1 });
      for (const blob of manifest.blobs) {
        await client.getBlobs(repository, blob, { heads: false, times: 1, pause, parallel: 2 });
      }
    }
  },
});

/** Reads a blob again and again, some at the same time, with pauses of so many milliseconds. */
export const readsBlob = (
  blob: Blob,
  repository: RepositoryName,
  { heads = false, times = 3, pause = 0, parallel = 2 } = {},
): Actor => ({
  name: `read ${blob.name}`,
  run: (client) => client.getBlobs(repository, blob, { heads, times, pause, parallel }),
});
