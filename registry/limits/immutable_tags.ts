import { RegistryError, type RepositoryName, type Tag } from "../../oci/mod.ts";

/** Rule for immutable tags: they can be created, and then neither moved nor deleted. */
export interface ImmutableRule {
  /** Glob patterns of names. */
  repositories: string[];
  /** Glob patterns of tags. */
  tags: string[];
  /** Glob patterns of tags that may move all the same. */
  except: string[];
}

/** True if a tag of the repository is immutable. */
export type IsImmutable = (tag: Tag) => boolean;

/** A rule with its patterns ready to be matched. */
interface CompiledRule {
  covers: (repository: RepositoryName) => boolean;
  holds: IsImmutable;
}

/** Immutable tags: those that any rule matches. */
export class ImmutableTags {
  readonly #rules: ImmutableRule[];
  #compiled: Promise<CompiledRule[]> | undefined;

  /** Compiles the rules when they are first needed. */
  constructor(rules: ImmutableRule[] = []) {
    this.#rules = rules;
  }

  /** Test for the repository's tags; `undefined` if no rule applies to the repository. */
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

/** Error for a change of an immutable tag. */
export function immutableTag(tag: Tag): RegistryError {
  return new RegistryError("DENIED", `Tag "${tag}" is immutable: it can be neither moved nor deleted`, {
    detail: { tag },
  });
}
