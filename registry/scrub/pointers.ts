import type { Digest, RepositoryName } from "../../oci/mod.ts";
import type { Item, Key } from "../../storage/ports.ts";
import { beginWork, isOld, mayBeUnderWay } from "../protocol/mod.ts";
import { blobKey, manifestKey } from "../items/mod.ts";
import type { FindingKind } from "./finding.ts";
import type { KnownItem } from "./known_item.ts";
import type { ScrubWork } from "./scrub_work.ts";

/** Item that is useless without its target. */
export interface Pointer {
  /** Kind of the finding if the target does not exist. */
  kind: FindingKind;
  /** Item that points. */
  item: Item;
  /** Key of the item that it points to. */
  target: Key;
  /** True if the item's own time shows that no request is working on it. */
  isOld: boolean;
  /** Repository of the item. */
  repository: string;
  /** Name of the item in the finding. */
  name: string;
  /** Description for operators. */
  note: string;
}

/** Maximum suspects in memory. */
const MAX_SUSPECTS = 1000;

/** Maximum targets of one read: each may be a manifest with its bytes. */
const BATCH_TARGETS = 25;

/**
 * Pointer of an item; `undefined` if it points to nothing, or is so young that its target may still be written. An
 * edge or a tag mark counts only if garbage collection would remove it too.
 */
export function pointerOf({ context }: ScrubWork, known: KnownItem): Pointer | undefined {
  switch (known.kind) {
    case "link": {
      const { item, digest, repository } = known;
      if (mayBeUnderWay(context, item.attributes.touchedAt)) return undefined;
      const note = "The blob does not exist";
      const target = blobKey(digest);
      return { kind: "dangling-link", item, target, isOld: true, repository, name: digest, note };
    }
    case "edge":
    case "tag mark": {
      const { item, repository, manifest } = known;
      if (!isOld(context, item.attributes.at ?? 0)) return undefined;
      const [kind, name] = known.kind === "edge"
        ? ["dangling-edge" as const, `${known.target}#${manifest}`]
        : ["dangling-tag-mark" as const, `${manifest}#${known.tag}`];
      return { kind, item, isOld: true, name, ...toManifest(repository, manifest) };
    }
    case "referrer": {
      const { item, repository, subject, manifest } = known;
      const name = `${subject}#${manifest}`;
      return { kind: "dangling-referrer", item, isOld: false, name, ...toManifest(repository, manifest) };
    }
    case "tag": {
      const { item, repository, tag } = known;
      const target = toManifest(repository, item.attributes.digest);
      return { kind: "tag-without-manifest", item, isOld: false, name: tag, ...target };
    }
    case "blob":
    case "manifest":
    case "upload":
    case "repository":
      return undefined;
  }
  known satisfies never; // every kind is treated above
  return undefined;
}

function toManifest(
  repository: RepositoryName,
  manifest: Digest,
): Pick<Pointer, "target" | "repository" | "note"> {
  return {
    target: manifestKey(repository, manifest),
    repository,
    note: `Manifest ${manifest} does not exist`,
  };
}

/**
 * Pointers that seem to have no target. They are checked again after all requests that were running when they were first
 * seen have ended. Many are checked together, to wait only once.
 */
export class Suspects {
  readonly #work: ScrubWork;
  readonly #waiting: Pointer[] = [];
  /** Time when the last pointer was seen that may belong to a running request. */
  #seenAt = -Infinity;

  /** Starts without suspects. */
  constructor(work: ScrubWork) {
    this.#work = work;
  }

  /** Adds the pointers whose target is neither among the `present` items nor in the table. */
  async suspect(pointers: Pointer[], present: Item[]): Promise<void> {
    const { context } = this.#work;
    const known = new Set(present.map(nameOf));
    const unknown = pointers.filter(({ target }) => !known.has(nameOf(target)));
    const targets = [...new Map(unknown.map(({ target }) => [nameOf(target), target])).values()];
    for (let first = 0; first < targets.length; first += BATCH_TARGETS) {
      for (const item of await context.table.getMany(targets.slice(first, first + BATCH_TARGETS))) {
        if (item !== undefined) known.add(nameOf(item));
      }
    }
    for (const pointer of unknown) {
      if (known.has(nameOf(pointer.target))) continue;
      if (!pointer.isOld) this.#seenAt = context.now();
      if (this.#waiting.push(pointer) >= MAX_SUSPECTS) await this.confirm();
    }
  }

  /** Checks all suspects again, and reports those whose target does not exist. */
  async confirm(): Promise<void> {
    const { context } = this.#work;
    if (this.#waiting.length === 0) return;
    const wait = this.#seenAt + context.deadline - context.now();
    if (wait > 0) await context.sleep(wait);
    for (const pointer of this.#waiting.splice(0)) await this.#confirm(pointer);
  }

  /**
   * Reads the pointer before its target, and deletes it by the version read. A push puts a manifest before everything
   * that points to it: a pointer written before our read has its target, and one written later has another version.
   */
  async #confirm({ item, target, isOld: _, ...finding }: Pointer): Promise<void> {
    const { context, repair } = this.#work;
    const work = beginWork(context);
    const { pk, sk } = item;
    const current = await work.table.get({ pk, sk }, { consistent: true });
    // It was deleted, or a request has written it again.
    if (current?.version !== item.version) return;
    if (await work.table.get(target, { consistent: true }) !== undefined) return;
    const deleted = repair && await work.table.delete({ pk, sk }, { ifVersion: current.version });
    this.#work.found({ ...finding, ...(deleted ? { repaired: "Deleted" } : {}) });
  }
}

function nameOf({ pk, sk }: Key): string {
  return `${pk} ${sk}`;
}
