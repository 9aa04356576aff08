import { Minimatch } from "minimatch";

const OPTIONS = { dot: true, nocomment: true, nonegate: true };

/** Makes one test of several glob patterns. `*` stops at a slash, `**` does not. */
export function globMatcher(patterns: readonly string[]): (name: string) => boolean {
  const globs = patterns.map((pattern) => new Minimatch(pattern, OPTIONS));
  return (name) => globs.some((glob) => glob.match(name));
}

/** Longest pattern, and most alternatives of one: a name has 255 characters at the most. */
const [MAX_LENGTH, MAX_ALTERNATIVES] = [256, 100];

/** What a pattern with `{a,b}` stands for: as many patterns without, each one once. One with too many loses some. */
export function alternativesOf(pattern: string): string[] {
  return new Minimatch(pattern, { ...OPTIONS, braceExpandMax: MAX_ALTERNATIVES + 1 }).globSet;
}

/**
 * Whether it is a pattern that may decide who may do what: of characters that names have, with `*`, `?`, `{a,b}`, and
 * `**` as a whole segment. What looks like more, and would be taken for less, is none.
 */
export function isRepositoryPattern(pattern: string): boolean {
  if (pattern.length > MAX_LENGTH || !/^[a-z0-9._/*?{},-]+$/.test(pattern)) return false;
  return everyAlternative(
    pattern,
    (alternative) =>
      alternative.split("/").every((segment) => /^([a-z0-9._*?-]+)$/.test(segment) && isSegment(segment)),
  );
}

/** Whether it is such a pattern of tags. */
export function isTagPattern(pattern: string): boolean {
  if (pattern.length > MAX_LENGTH || !/^[\w.*?{},-]+$/.test(pattern)) return false;
  return everyAlternative(
    pattern,
    (alternative) => /^[\w.*?-]+$/.test(alternative) && isSegment(alternative),
  );
}

/** Braces that do not match are left in an alternative as they are, and none of the tests lets them pass. */
function everyAlternative(pattern: string, test: (alternative: string) => boolean): boolean {
  // Sequences such as {1..9} are nobody's need here, and no name has two dots in a row.
  if (pattern.includes("..")) return false;
  const alternatives = alternativesOf(pattern);
  return alternatives.length > 0 && alternatives.length <= MAX_ALTERNATIVES && alternatives.every(test);
}

function isSegment(segment: string): boolean {
  return segment === "**" || !(segment.includes("**") || segment === ".");
}
