import type { Finding } from "./finding.ts";
import type { Session, SessionRequest } from "./session.ts";

/** Seconds between two clocks that are too many: tokens and signed URLs live for minutes. */
const SKEW_LIMIT_SECONDS = 30;

/** Seconds that two clocks may differ without a finding: a `Date` has whole seconds, and the answer takes a while. */
const SKEW_TOLERANCE_SECONDS = 5;

/** Headers by which servers, regions and caches name themselves. */
const PLACE_HEADERS = [
  ...["Server", "Via", "X-Cache", "X-Amz-Cf-Pop", "CF-Ray", "CF-Cache-Status", "X-Served-By"],
  ...["Cache-Status", "X-Deno-Region", "Fly-Region", "X-Azure-Ref"],
];

/** Number of new connections that look for different regions. */
const CONNECTIONS = 3;

/** Checks the answer to `/v2/`: the registry, and the clock of the server that answers. */
export async function checkPing(session: Session, now: () => number): Promise<Finding[]> {
  const start = now();
  const response = await session.send("/v2/");
  await response.body?.cancel();
  return [pingFinding(response), clockFinding(response, (start + now()) / 2)];
}

function pingFinding({ status, headers }: Response): Finding {
  const check = "registry";
  if (!headers.get("Docker-Distribution-Api-Version")?.startsWith("registry/2.0")) {
    return {
      check,
      level: "fault",
      found: `/v2/ answers ${status} without Docker-Distribution-Api-Version: no registry is at this address`,
      advice: "See that the proxy passes /v2/ on, with its headers",
    };
  }
  if (status === 401) return { check, level: "ok", found: "Asks for a login" };
  if (status === 200) {
    return { check, level: "ok", found: "Answers without a login: public, or `auth` is off" };
  }
  return {
    check,
    level: "fault",
    found: `/v2/ answers ${status}`,
    advice: "Read the registry's log, and /readyz",
  };
}

function clockFinding({ headers }: Response, middle: number): Finding {
  const check = "clock";
  const date = Date.parse(headers.get("Date") ?? "");
  const advice = "Synchronize the clock of the server, or of this machine, with NTP";
  if (Number.isNaN(date)) {
    return { check, level: "warning", found: "No answer has a Date", advice: "Let the proxy pass Date on" };
  }
  // A `Date` is rounded down to a second.
  const seconds = Math.round((date + 500 - middle) / 1000);
  const found = `The server's clock is ${Math.abs(seconds)} s ${seconds < 0 ? "behind" : "ahead"}`;
  if (Math.abs(seconds) > SKEW_LIMIT_SECONDS) return { check, level: "fault", found, advice };
  if (Math.abs(seconds) > SKEW_TOLERANCE_SECONDS) return { check, level: "warning", found, advice };
  return { check, level: "ok", found: "The server's clock agrees with this machine's" };
}

/** Lists the servers and regions that answer new connections. */
export async function findPlaces(session: Session): Promise<Finding> {
  const found = new Map<string, Set<string>>();
  for (let i = 0; i < CONNECTIONS; i++) {
    const { headers, body } = await session.send("/v2/");
    await body?.cancel();
    for (const name of PLACE_HEADERS) {
      const value = headers.get(name);
      if (value !== null) found.set(name, (found.get(name) ?? new Set()).add(value));
    }
  }
  const places = [...found].map(([name, values]) => `${name}: ${[...values].join(" | ")}`);
  return {
    check: "region",
    level: "note",
    found: places.length === 0
      ? "No header names a region or a cache"
      : `${CONNECTIONS} connections: ${places.join("; ")}`,
  };
}

/** Two answers to the same request, and the origin of the second. */
export interface Twice {
  /** The second answer, whose body is read. */
  response: Response;
  /** True if a cache gave the second answer: it has the request id of the first, or an age. */
  isCached: boolean;
}

/** Sends a request twice. The registry gives each answer an id of its own, so a repeated id comes from a cache. */
export async function sendTwice(
  session: Session,
  path: string,
  request: SessionRequest = {},
): Promise<Twice> {
  const ids: (string | null)[] = [];
  for (;;) {
    const response = await session.send(path, request);
    await response.body?.cancel();
    ids.push(response.headers.get("X-Request-Id"));
    if (ids.length < 2) continue;
    const age = Number(response.headers.get("Age") ?? 0);
    return { response, isCached: (ids[0] !== null && ids[0] === ids[1]) || age > 0 };
  }
}

/** Checks that no cache keeps `/v2/` with its challenge, or a 404. */
export async function checkUncached(session: Session, repository: string, scope: string): Promise<Finding[]> {
  const absent = `/v2/${repository}/manifests/skerry-doctor-absent-${crypto.randomUUID()}`;
  const [ping, missing] = [await sendTwice(session, "/v2/"), await sendTwice(session, absent, { scope })];
  return [
    ping.response.status === 401 && ping.isCached
      ? {
        check: "cached challenge",
        level: "fault",
        found: "A cache answers /v2/ although the registry forbids it",
        advice: "Let the cache obey Cache-Control: private, no-store (docs/operations.md)",
      }
      : { check: "cached challenge", level: "ok", found: "No cache answers /v2/ with an old challenge" },
    missing.isCached
      ? {
        check: "cached 404",
        level: "fault",
        found: `A cache keeps a ${missing.response.status}: content that is pushed afterwards stays missing`,
        advice: "Set the cache's time for errors to 0 (CloudFront: ErrorCachingMinTTL, as in infra/cdn.yaml)",
      }
      : { check: "cached 404", level: "ok", found: "No cache keeps answers for absent content" },
  ];
}
