import { RegistryError, type RepositoryName, type Tag } from "../../oci/mod.ts";

/** Tags that stay where they point: they can be created, and from then on neither moved nor deleted. */
export interface ImmutableRule {
  /** Glob patterns of names. */
  repositories: string[];
  /** Glob patterns of tags. */
  tags: string[];
  /** Glob patterns of tags that may move all the same. */
  except: string[];
}

/** Says of the tags of one repository whether they are immutable. */
export type IsImmutable = (tag: Tag) => boolean;

/** A rule with its patterns ready to be matched. */
interface CompiledRule {
  covers: (repository: RepositoryName) => boolean;
  holds: IsImmutable;
}

/** Which tags are immutable: those that any of the rules holds. */
export class ImmutableTags {
  readonly #rules: ImmutableRule[];
  #compiled: Promise<CompiledRule[]> | undefined;

  /** Of these rules; what matches patterns is loaded when it is first needed. */
  constructor(rules: ImmutableRule[] = []) {
    this.#rules = rules;
  }

  /** Says of the repository's tags whether they are immutable; `undefined` where no rule is about them. */
  async in(repository: RepositoryName): Promise<IsImmutable | undefined> {
    if (this.#rules.length === 0) return undefined;
    const rules = (await (this.#compiled ??= compile(this.#rules))).filter(({ covers }) =>
      covers(repository)
    );
    if (rules.length === 0) return undefined;
    return (tag) => rules.some(({ holds }) => holds(tag));
  }
}

async function compile(rules: ImmutableRule[]): Promise<CompiledRule[]> {
  const { globMatcher: matcher } = await import("../../oci/glob.ts"); // few have rules
  return rules.map(({ repositories, tags, except }) => {
    const [matches, isExcepted] = [matcher(tags), matcher(except)];
    return { covers: matcher(repositories), holds: (tag) => matches(tag) && !isExcepted(tag) };
  });
}

/** The error for a tag that stays where it points. */
export function immutableTag(tag: Tag): RegistryError {
  return new RegistryError("DENIED", `Tag "${tag}" is immutable: it can be neither moved nor deleted`, {
    detail: { tag },
  });
}
