/** Longest pattern, and most alternatives of one: a name has 255 characters at the most. */
const [MAX_CHARACTERS, MAX_ALTERNATIVES] = [256, 100];

/**
 * True if `pattern` is a valid pattern of repository names for policies: characters of names, `*`, `?`, `{a,b}`, and
 * `**` as a whole segment. Rejects every other glob syntax, because the library would match it as something else.
 */
export function isRepositoryPattern(pattern: string): boolean {
  if (pattern.length > MAX_CHARACTERS || !/^[a-z0-9._/*?{},-]+$/.test(pattern)) return false;
  return everyAlternative(
    pattern,
    (alternative) =>
      alternative.split("/").every((segment) => /^([a-z0-9._*?-]+)$/.test(segment) && isSegment(segment)),
  );
}

/** True if `pattern` is a valid pattern of tags: characters of tags, `*`, `?` and `{a,b}`. */
export function isTagPattern(pattern: string): boolean {
  if (pattern.length > MAX_CHARACTERS || !/^[\w.*?{},-]+$/.test(pattern)) return false;
  return everyAlternative(
    pattern,
    (alternative) => /^[\w.*?-]+$/.test(alternative) && isSegment(alternative),
  );
}

/** True if there are alternatives, not too many, and all of them pass the test. */
function everyAlternative(pattern: string, test: (alternative: string) => boolean): boolean {
  // Rejects sequences such as {1..9}; no name has two dots in a row.
  return !pattern.includes("..") && (alternativesOf(pattern)?.every(test) ?? false);
}

function isSegment(segment: string): boolean {
  return segment === "**" || !(segment.includes("**") || segment === ".");
}

/**
 * Patterns without braces that a pattern with `{a,b}` stands for, without duplicates. `undefined` for too many of them, for
 * braces without a comma, and for unbalanced braces: a shell keeps those as characters, and no name has them.
 */
export function alternativesOf(pattern: string): string[] | undefined {
  const open = pattern.indexOf("{");
  if (open === -1) return pattern.includes("}") ? undefined : [pattern];
  const group = groupAt(pattern, open);
  if (group === undefined || group.parts.length < 2) return undefined;
  const found = new Set<string>();
  for (const part of group.parts) {
    const alternatives = alternativesOf(pattern.slice(0, open) + part + pattern.slice(group.end));
    for (const alternative of alternatives ?? []) found.add(alternative);
    if (alternatives === undefined || found.size > MAX_ALTERNATIVES) return undefined;
  }
  return [...found];
}

/** Parts between the commas of the group that begins at a brace, and the position after it; `undefined` if it has no end. */
function groupAt(pattern: string, open: number): { parts: string[]; end: number } | undefined {
  const parts: string[] = [];
  let start = open + 1;
  for (let at = start, depth = 0; at < pattern.length; at++) {
    const character = pattern[at];
    if (character === "{") depth++;
    else if (character === "}" && depth > 0) depth--;
    else if (depth === 0 && (character === "," || character === "}")) {
      parts.push(pattern.slice(start, at));
      start = at + 1;
      if (character === "}") return { parts, end: start };
    }
  }
  return undefined;
}
