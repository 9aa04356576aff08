import type { RepositoryName } from "../../oci/mod.ts";

/** Types of events that receivers can ask for. */
export const EVENT_TYPES = [
  "manifest.push",
  "manifest.delete",
  "manifest.pull",
  "tag.create",
  "tag.move",
  "tag.delete",
  "repository.create",
  "repository.delete",
  "scan.report",
  "quota.refused",
  "login.failed",
] as const;

/** Type of an event. */
export type EventType = typeof EVENT_TYPES[number];

/** Events that one receiver asks for. */
export interface EventRule {
  /** Types of the events. */
  types: readonly EventType[];
  /** Glob patterns of the names of repositories. */
  repositories: readonly string[];
}

/** Kinds of changes that leave intents. A tag's delete proves its earlier moves, so they are left together. */
export interface IntentKinds {
  /** Pushes and deletes of manifests. */
  manifests: boolean;
  /** Creations, moves and deletes of tags. */
  tags: boolean;
  /** Creations and deletes of repositories. */
  repositories: boolean;
}

/** True if a rule asks for the event; `repository` is absent for an event that belongs to none. */
export type EventFilter = (type: EventType, repository: RepositoryName | undefined) => boolean;

/** Rules of all receivers. Patterns are compiled when they are first needed. */
export class EventRules {
  readonly #rules: readonly EventRule[];
  #compiled: Promise<EventFilter> | undefined;
  readonly #kinds = new Map<RepositoryName, IntentKinds>();

  /** These rules: an event is left if one of them asks for it. */
  constructor(rules: readonly EventRule[]) {
    this.#rules = rules;
  }

  /** Kinds of changes in the repository that leave intents; `undefined` if none does. */
  async in(repository: RepositoryName): Promise<IntentKinds | undefined> {
    let kinds = this.#kinds.get(repository);
    if (kinds === undefined) {
      kinds = kindsOf(await (this.#compiled ??= eventFilter(this.#rules)), repository);
      if (this.#kinds.size >= MAX_NAMES) this.#kinds.clear();
      this.#kinds.set(repository, kinds);
    }
    return kinds.manifests || kinds.tags || kinds.repositories ? kinds : undefined;
  }
}

/** Maximum repositories whose kinds are remembered. */
const MAX_NAMES = 10_000;

function kindsOf(wants: EventFilter, repository: RepositoryName): IntentKinds {
  const any = (...types: EventType[]) => types.some((type) => wants(type, repository));
  return {
    manifests: any("manifest.push", "manifest.delete", "scan.report"),
    tags: any("tag.create", "tag.move", "tag.delete"),
    repositories: any("repository.create", "repository.delete"),
  };
}

/** Test of an event by rules. */
export async function eventFilter(rules: readonly EventRule[]): Promise<EventFilter> {
  const { globMatcher } = await import("../../oci/glob.ts"); // few registries have receivers
  const compiled = rules.map(({ types, repositories }) => ({
    types: new Set(types),
    covers: globMatcher(repositories),
  }));
  return (type, repository) =>
    compiled.some(({ types, covers }) => types.has(type) && (repository === undefined || covers(repository)));
}
