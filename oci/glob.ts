import { Minimatch } from "minimatch";

const OPTIONS = { dot: true, nocomment: true, nonegate: true };

/** Makes one test of several glob patterns. `*` stops at a slash, `**` does not. */
export function globMatcher(patterns: readonly string[]): (name: string) => boolean {
  const globs = patterns.map((pattern) => new Minimatch(pattern, OPTIONS));
  return (name) => globs.some((glob) => glob.match(name));
}
