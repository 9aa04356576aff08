/** Most lines that are shown. */
const MAX_LINES = 10;

/**
 * Problems in the log of a registry that got these requests: lines about more than a request and its answer, foreign
 * lines (such as stack traces, or lines that a client has smuggled in), and requests without a line.
 */
export function findTrouble(log: string, requestIds: readonly string[]): string[] {
  const trouble: string[] = [];
  const logged = new Set<string>();
  for (const line of log.split("\n")) {
    if (line === "") continue;
    const entry = parse(line);
    if (entry?.level !== "info" || /[^\x20-\x7e]/.test(line)) trouble.push(line);
    if (typeof entry?.id === "string") logged.add(entry.id);
  }
  const missing = requestIds.filter((id) => !logged.has(id));
  return [
    ...trouble.slice(0, MAX_LINES),
    ...missing.slice(0, MAX_LINES).map((id) => `Nothing of request ${id}`),
  ];
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    return Object(JSON.parse(line));
  } catch {
    return undefined;
  }
}
