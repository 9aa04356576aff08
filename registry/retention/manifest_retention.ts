import { type Digest, isDigest, type RepositoryName } from "../../oci/mod.ts";
import { type Item, queryPages } from "../../storage/ports.ts";
import {
  beginWork,
  type Context,
  intentItems,
  intentsIn,
  isOld,
  leaveCandidates,
  noteMade,
  purgeItems,
} from "../protocol/mod.ts";
import {
  edgePrefix,
  type ManifestAttributes,
  manifestKey,
  type MoveAttributes,
  partsOf,
  prefixOf,
  repositoryPartition,
  type Stored,
  stored,
  type TagAttributes,
  taggedPrefix,
  tagKey,
} from "../items/mod.ts";
import {
  announceManifestObject,
  deleteDangling,
  readManifest,
  readMoves,
  targetsOf,
} from "../manifests/mod.ts";
import type { TagJudge } from "./tag_judge.ts";

/** Tag marks or edges of one query. */
const PAGE_ITEMS = 100;

/** Maximum cached results: a manifest that many others depend on is checked once. */
const MAX_VERDICTS = 10_000;

/**
 * Result for a manifest. `goes`: it is condemned (not in a dry run) and still exists. `gone`: it was removed. `stays`:
 * it is needed.
 */
export type Verdict = "stays" | "goes" | "gone";

/** Options of {@linkcode ManifestRetention}. */
export interface ManifestRetentionOptions {
  /** Milliseconds for which an untagged manifest stays. */
  untaggedFor: number;
  /** Time of the decision, in milliseconds since the epoch. */
  at: number;
  /** Decides which tags stay. */
  judge: TagJudge;
  /** Writes nothing, and treats tags that would be deleted as deleted. */
  dryRun: boolean;
  /** Called for each removed manifest. */
  removed: (digest: Digest, item: Stored<ManifestAttributes>) => void;
}

/**
 * Removes untagged manifests of a repository in two steps with the grace period between them. First the manifest is
 * condemned by its version. Later, if nothing needs it, it is deleted by the version of the condemnation. A request
 * that needs the manifest revokes the condemnation and so changes the version:
 *
 * - a push of the manifest itself, which includes every push of its tags,
 * - a push of an index of it, which reads it after it has written its edges. If it read the manifest before the
 *   condemnation, it has ended within the grace period, so its index is seen here,
 * - a read of it by a client that may continue with such an index.
 *
 * So a check a grace period after the condemnation sees only complete pushes: an edge without its manifest means
 * nothing. If a process crashes after the condemnation, the next run continues.
 */
export class ManifestRetention {
  readonly #context: Context;
  readonly #repository: RepositoryName;
  readonly #options: ManifestRetentionOptions;
  readonly #verdicts = new Map<Digest, Verdict>();
  readonly #path = new Set<Digest>();

  /** For one repository. */
  constructor(context: Context, repository: RepositoryName, options: ManifestRetentionOptions) {
    this.#context = context;
    this.#repository = repository;
    this.#options = options;
  }

  /** Condemns or removes the manifest if no rule keeps it. `known` is its item if the caller has it. */
  async decide(digest: Digest, known?: Stored<ManifestAttributes>): Promise<Verdict> {
    const decided = this.#verdicts.get(digest);
    if (decided !== undefined) return decided;
    // An index may have its own child as its subject. Neither could go before the other, so such a ring stays.
    if (this.#path.has(digest)) return "stays";
    const item = known ?? await readManifest(this.#context, this.#repository, digest, { consistent: true });
    if (item === undefined) return "gone";
    this.#path.add(digest);
    const verdict = await this.#decide(digest, item);
    this.#path.delete(digest);
    if (this.#verdicts.size >= MAX_VERDICTS) this.#verdicts.clear();
    this.#verdicts.set(digest, verdict);
    return verdict;
  }

  async #decide(digest: Digest, item: Stored<ManifestAttributes>): Promise<Verdict> {
    const { attributes: { condemnedAt, ...attributes }, version } = item;
    // Before the look, which may take its time.
    const isDue = condemnedAt !== undefined && isOld(this.#context, condemnedAt);
    const need = await this.#look(digest, item);
    if (this.#options.dryRun) return need === "stays" ? "stays" : "goes";
    const work = beginWork(this.#context);
    if (need === "stays") {
      if (condemnedAt !== undefined) await work.table.put({ ...item, attributes }, { ifVersion: version });
      return "stays";
    }
    if (condemnedAt === undefined) {
      const marked = { ...item, attributes: { ...attributes, condemnedAt: work.now() } };
      return await work.table.put(marked, { ifVersion: version }) === undefined ? "stays" : "goes";
    }
    if (need === "goes" || !isDue) return "goes";
    return await this.#remove(digest, item) ? "gone" : "stays";
  }

  /**
   * Result for the manifest by the tags and manifests that need it: `goes` if one of them goes and still exists, `gone`
   * if none exists.
   */
  async #look(digest: Digest, { attributes }: Stored<ManifestAttributes>): Promise<Verdict> {
    const { pushedAt, usedAt = pushedAt, subject } = attributes;
    if (this.#isYoung(usedAt)) return "stays";
    if (await this.#isTagged(digest)) return "stays";
    let needed: Verdict = "gone";
    for await (const other of this.#dependsOn(digest, subject)) {
      const verdict = await this.decide(other);
      if (verdict === "stays") return "stays";
      if (verdict === "goes") needed = "goes";
    }
    return needed;
  }

  #isYoung(since: number): boolean {
    const { untaggedFor, at } = this.#options;
    // Content younger than the grace period may belong to a running push.
    return since + Math.max(untaggedFor, this.#context.grace) >= at;
  }

  /**
   * True if a tag points to the manifest, or did so until recently. Its tag marks name every tag that ever may have.
   */
  async #isTagged(digest: Digest): Promise<boolean> {
    const { judge, dryRun } = this.#options;
    for await (const marks of this.#itemsOf(taggedPrefix(digest))) {
      const keys = marks.map((mark) => tagKey(this.#repository, partsOf("tag mark", mark).tag));
      const tags = (await this.#context.table.getMany(keys, { consistent: true }))
        .map((item) => stored<TagAttributes>(item))
        .filter((tag) => tag !== undefined);
      const [pointing, others] = [true, false].map((points) =>
        tags.filter(({ attributes }) => (attributes.digest === digest) === points)
      ) as [typeof tags, typeof tags];
      for (const tag of others) if (await this.#wasLeftLately(tag, digest)) return true;
      // Tags that go were removed before, except in a dry run.
      const isKept = dryRun ? (await judge.judge(pointing)).includes(undefined) : pointing.length > 0;
      if (isKept) return true;
    }
    return false;
  }

  /** True if the tag, which points elsewhere, has pointed to the manifest until recently. */
  async #wasLeftLately(tag: Stored<TagAttributes>, digest: Digest): Promise<boolean> {
    // The history is read only if the last of its moves was recent.
    const [last] = tag.attributes.moves;
    if (last === undefined || !this.#isYoung(last.at)) return false;
    return this.#isYoung(leftAt(await readMoves(this.#context.table, tag), digest));
  }

  /** Every manifest that references this one, which must not go before it, and the one that this is a referrer of. */
  async *#dependsOn(digest: Digest, subject: string | undefined): AsyncGenerator<Digest> {
    if (subject !== undefined && isDigest(subject)) yield subject;
    for await (const edges of this.#itemsOf(edgePrefix(digest))) {
      yield* edges.map((edge) => partsOf("edge", edge).manifest);
    }
  }

  /** Items of the repository whose sort keys begin with the prefix, in pages. */
  #itemsOf(prefix: string): AsyncGenerator<Item[]> {
    const { table } = this.#context;
    return queryPages(table, repositoryPartition(this.#repository), {
      prefix,
      limit: PAGE_ITEMS,
      consistent: true,
    });
  }

  /**
   * Deletes the manifest by the version of its condemnation. Unlike a client's delete it may lose, and then the
   * manifest must be complete: so its referrer entry is deleted after it. If the process crashes in between, garbage
   * collection removes that entry.
   */
  async #remove(digest: Digest, item: Stored<ManifestAttributes>): Promise<boolean> {
    const work = beginWork(this.#context);
    const { object, subject } = item.attributes;
    const [repository, targets] = [this.#repository, await targetsOf(work, item)];
    const candidate = { kind: "manifest" as const, repository, digest, targets, subject };
    const intent = (await intentsIn(work, repository, undefined))?.manifestDelete(digest, item);
    await leaveCandidates(work, [candidate], [...purgeItems(work, { digest }), ...intentItems(intent)]);
    if (object !== undefined) await announceManifestObject(work, repository, digest, prefixOf(object));
    const key = manifestKey(repository, digest);
    if (!await work.table.delete(key, { ifVersion: item.version })) return false;
    noteMade(intent);
    this.#options.removed(digest, item);
    await deleteDangling(work, repository, digest, subject);
    return true;
  }
}

/** Time at which the tag last pointed to the manifest, or later. */
function leftAt(moves: MoveAttributes[], digest: Digest): number {
  const place = moves.findIndex((move) => move.digest === digest);
  return moves.at(place === -1 ? -1 : Math.max(0, place - 1))?.at ?? 0;
}
