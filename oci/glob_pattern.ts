import { expand } from "brace-expansion";

/** Longest pattern, and most alternatives of one: a name has 255 characters at the most. */
const [MAX_CHARACTERS, MAX_ALTERNATIVES] = [256, 100];

/**
 * Patterns without braces that a pattern with `{a,b}` stands for, without duplicates. Above `MAX_ALTERNATIVES` the list
 * is cut, so the caller must check its length.
 */
export function alternativesOf(pattern: string): string[] {
  // As the matcher does: without a pair of braces nothing is expanded.
  if (!/\{[^{]*\}/.test(pattern)) return [pattern];
  return [...new Set(expand(pattern, { max: MAX_ALTERNATIVES + 1 }))];
}

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

/** True if every alternative passes the test. Unbalanced braces stay in an alternative, and every test rejects them. */
function everyAlternative(pattern: string, test: (alternative: string) => boolean): boolean {
  // Rejects sequences such as {1..9}; no name has two dots in a row.
  if (pattern.includes("..")) return false;
  const alternatives = alternativesOf(pattern);
  return alternatives.length > 0 && alternatives.length <= MAX_ALTERNATIVES && alternatives.every(test);
}

function isSegment(segment: string): boolean {
  return segment === "**" || !(segment.includes("**") || segment === ".");
}
