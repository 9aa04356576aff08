/** Most lines that are shown. */
const MAX_LINES = 10;

/** Requests that the registry got. */
export interface LoggedRequests {
  /** `X-Request-Id` of all answers. */
  readonly requestIds: readonly string[];
  /** Those of the answers that said 503 on a busy machine. */
  readonly busyIds: readonly string[];
}

/**
 * Problems in the log of a registry that got these requests: lines about more than a request and its answer, foreign
 * lines (such as stack traces, or lines that a client has smuggled in), and requests without a line. An answer of 503 to
 * a busy request is an error in the log, and so is the event that `/readyz` begins to answer 503.
 */
export function findTrouble(log: string, { requestIds, busyIds }: LoggedRequests): string[] {
  const busy = new Set<unknown>(busyIds);
  const isExpected = (
    { level, "http.response.status_code": status, id, message }: Record<string, unknown>,
  ) =>
    level === "info" || level === "error" &&
      (status === 503 ? busy.has(id) : busy.size > 0 && `${message}`.startsWith("Not ready: "));
  const trouble: string[] = [];
  const logged = new Set<string>();
  for (const line of log.split("\n")) {
    if (line === "") continue;
    const entry = parse(line);
    if (entry === undefined || !isExpected(entry) || /[^\x20-\x7e]/.test(line)) trouble.push(line);
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
