/** Test of texts against a pattern in which `*` matches any text, also an empty one. Takes linear time. */
export function textMatcher(pattern: string): (text: string) => boolean {
  const [first = "", ...inner] = pattern.split("*");
  const last = inner.pop();
  if (last === undefined) return (text) => text === pattern;
  return (text) => {
    const end = text.length - last.length;
    if (end < first.length || !text.startsWith(first) || !text.endsWith(last)) return false;
    // The leftmost match of each part leaves the most room for the parts after it, so no backtracking is needed.
    let at = first.length;
    for (const part of inner) {
      const found = text.indexOf(part, at);
      if (found === -1 || found + part.length > end) return false;
      at = found + part.length;
    }
    return true;
  };
}
