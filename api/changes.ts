import { type Digest, RegistryError, type RepositoryName, type Tag } from "../oci/mod.ts";
import type { Caller, Explorer, Registry, TagCondition } from "../registry/interface.ts";
import { inParallel } from "../storage/ports.ts";
import type { ChangeOptions } from "./api.ts";
import type { Library } from "./library.ts";
import type { CoreOptions } from "./options.ts";
import { assertMay } from "./sight.ts";
import type { ManifestDeletion, RepositoryDeletion, TagChange, TagDeletion } from "./schemas/mod.ts";
import { digestIn, member } from "./values.ts";

/** Tags and indexes in the answer to a delete. */
const MAX_LISTED = 50;

/** Referrers that are counted. */
const MAX_COUNTED = 1000;

/** Blobs of a manifest for which the answer tells if another manifest has them. */
const MAX_BLOBS = 100;

/** Blobs that are looked up at the same time. */
const PARALLEL_READS = 16;

/** Changes through the registry, so that its rules, its conditions and the audit apply to them. */
export class TagChanges {
  readonly #registry: Registry;
  readonly #explorer: Explorer;
  readonly #library: Library;
  readonly #rules: CoreOptions["rules"];

  /** Changes of a registry. */
  constructor({ registry, explorer, rules }: CoreOptions, library: Library) {
    this.#registry = registry;
    this.#explorer = explorer;
    this.#library = library;
    this.#rules = rules;
  }

  /** Points a tag to a manifest: a push of the same bytes under the tag. */
  async moveTag(
    caller: Caller,
    repository: RepositoryName,
    tag: Tag,
    target: Digest,
    { dryRun = false, condition = {} }: ChangeOptions & { condition?: TagCondition } = {},
  ): Promise<TagChange> {
    assertMay(caller, "push", repository);
    const [before] = await this.#explorer.tagsNamed(repository, [tag]);
    const { bytes, mediaType } = await this.#registry.getManifest(repository, { digest: target });
    if (!dryRun) {
      await this.#registry.putManifest(repository, caller, {
        bytes,
        contentType: mediaType,
        reference: { digest: target },
        tags: [tag],
        condition,
      });
    } else await this.#assertMovable(caller, repository, tag, before?.digest, target);
    return { name: repository, tag, dryRun, after: target, ...member("before", before?.digest) };
  }

  /** Deletes a tag. The answer is about the moment before. */
  async deleteTag(
    caller: Caller,
    repository: RepositoryName,
    tag: Tag,
    { dryRun = false }: ChangeOptions = {},
  ): Promise<TagDeletion> {
    assertMay(caller, "delete", repository);
    const [facts] = await this.#explorer.tagsNamed(repository, [tag]);
    if (facts === undefined) throw unknownManifest({ tag });
    const { digest } = facts;
    const [tags, indexes] = await Promise.all([
      this.#explorer.tagsOf(repository, digest, MAX_LISTED),
      this.#indexesOf(repository, digest),
    ]);
    if (dryRun) await this.#assertDeletable(repository, "tags", [tag]);
    else await this.#registry.deleteTag(repository, tag, caller.changed);
    const others = tags.items.filter((other) => other !== tag);
    return {
      name: repository,
      tag,
      dryRun,
      digest,
      otherTags: { items: others, more: tags.more },
      inIndexes: { count: indexes.items.length, more: indexes.more },
      untagged: others.length === 0 && !tags.more && indexes.items.length === 0 && !indexes.more,
    };
  }

  /** Deletes a manifest and the tags that point to it. The answer is about the moment before. */
  async deleteManifest(
    caller: Caller,
    repository: RepositoryName,
    digest: Digest,
    { dryRun = false }: ChangeOptions = {},
  ): Promise<ManifestDeletion> {
    assertMay(caller, "delete", repository);
    const manifest = await this.#library.manifest(repository, digest);
    if (manifest === undefined) throw unknownManifest({ digest });
    const { config, layers, children } = manifest.document;
    const blobs = [...(config ? [config] : []), ...layers];
    const [tags, inIndexes, referrers, shares] = await Promise.all([
      this.#explorer.tagsOf(repository, digest, MAX_LISTED),
      this.#indexesOf(repository, digest),
      this.#explorer.countReferrers(repository, digest, MAX_COUNTED),
      this.#sharesOf(repository, digest, blobs),
    ]);
    if (dryRun) await this.#assertDeletable(repository, "manifests", tags.items);
    else await this.#registry.deleteManifest(repository, digest, caller.changed);
    return {
      name: repository,
      digest,
      dryRun,
      tags,
      inIndexes,
      referrers,
      children: children.length,
      blobs: shares,
    };
  }

  /** Deletes a repository, or counts what that would delete. */
  async deleteRepository(
    caller: Caller,
    repository: RepositoryName,
    { dryRun = false }: ChangeOptions = {},
  ): Promise<RepositoryDeletion> {
    assertMay(caller, "administer", repository);
    const removal = await this.#registry.deleteRepository(repository, {
      dryRun,
      ...member("changed", caller.changed),
    });
    return { name: repository, dryRun, ...removal };
  }

  /** Indexes that exist and contain the manifest. */
  async #indexesOf(repository: RepositoryName, digest: Digest): Promise<ManifestDeletion["inIndexes"]> {
    const { items, more } = await this.#explorer.referencing(repository, digest, MAX_LISTED);
    const found = await this.#explorer.manifests(repository, items);
    return { items: items.filter((_, i) => found[i] !== undefined), more };
  }

  /** Blobs that no other manifest references, by their edges: one request for each of the first blobs. */
  async #sharesOf(
    repository: RepositoryName,
    manifest: Digest,
    blobs: { digest: string; size: number }[],
  ): Promise<ManifestDeletion["blobs"]> {
    const sizes = new Map(blobs.map(({ digest, size }) => [digestIn(digest), size]));
    sizes.delete(undefined);
    const looked = [...sizes].slice(0, MAX_BLOBS);
    const isKept = await inParallel(looked, PARALLEL_READS, async ([digest]) => {
      const { items } = await this.#explorer.referencing(repository, digest!, 2);
      return items.some((other) => other !== manifest);
    });
    const going = looked.filter((_, i) => !isKept[i]);
    return {
      count: going.length,
      bytes: going.reduce((sum, [, size]) => sum + size, 0),
      kept: looked.length - going.length,
      complete: looked.length === sizes.size,
    };
  }

  /** Checks of a dry run, so that it fails as the change would. */
  async #assertMovable(
    caller: Caller,
    repository: RepositoryName,
    tag: Tag,
    before: Digest | undefined,
    target: Digest,
  ): Promise<void> {
    if (this.#rules.readOnly) throw refusedChange("The registry is read-only");
    if (before === undefined || before === target) return;
    if ((await this.#explorer.immutable(repository))(tag)) throw immutableTag(tag);
    if (!caller.may("overwrite", repository)) {
      throw new RegistryError("DENIED", `Cannot move tag "${tag}": the action "overwrite" is required`, {
        detail: { tag },
      });
    }
  }

  async #assertDeletable(
    repository: RepositoryName,
    kind: "tags" | "manifests",
    tags: readonly Tag[],
  ): Promise<void> {
    const { readOnly, deletes } = this.#rules;
    if (readOnly || !deletes[kind] || tags.length > 0 && !deletes.tags) {
      throw refusedChange(readOnly ? "The registry is read-only" : `Deleting ${kind} is disabled`);
    }
    const isImmutable = await this.#explorer.immutable(repository);
    const immutable = tags.find(isImmutable);
    if (immutable !== undefined) throw immutableTag(immutable);
  }
}

function refusedChange(reason: string): RegistryError {
  return new RegistryError("UNSUPPORTED", reason, { status: 405 });
}

function immutableTag(tag: Tag): RegistryError {
  return new RegistryError("DENIED", `Tag "${tag}" is immutable: it can be neither moved nor deleted`, {
    detail: { tag },
  });
}

function unknownManifest(detail: { tag: Tag } | { digest: Digest }): RegistryError {
  return new RegistryError("MANIFEST_UNKNOWN", "Manifest not found in the repository", { detail });
}
