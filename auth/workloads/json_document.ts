/** Result of {@linkcode fetchJson}. */
export interface JsonDocument {
  /** Parsed content. */
  value: unknown;
  /** Cache TTL by `Cache-Control`, in milliseconds; absent without it. */
  maxAge?: number;
}

/** Media types of a discovery document and of a JWK set (RFC 7517 §8.5.2). Kubernetes serves each as its own type only. */
const ACCEPT = "application/json, application/jwk-set+json";

/** Bounds of {@linkcode fetchJson}. */
export interface FetchBounds {
  /** Bytes of the largest document. */
  limit: number;
  /** Ends it before its time. */
  signal: AbortSignal;
}

/**
 * URL of an issuer's document: HTTPS, or HTTP to this host only.
 *
 * @throws {TypeError} for any other URL, and for one with a password.
 */
export function documentUrl(text: string): URL {
  const url = URL.parse(text);
  if (url === null) throw new TypeError(`Cannot use "${text}": it is not a URL`);
  if (url.username !== "" || url.password !== "") throw new TypeError("Cannot use a URL with a password");
  const isSafe = url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname));
  if (!isSafe) throw new TypeError(`Cannot use "${text}": it is not HTTPS`);
  return url;
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

/**
 * Fetches a JSON document. Follows no redirection, which could lead to a host that only this process can reach.
 *
 * @throws {Error} if it cannot be fetched within these limits.
 */
export async function fetchJson(url: URL, { limit, signal }: FetchBounds): Promise<JsonDocument> {
  const response = await fetch(url, {
    headers: { Accept: ACCEPT },
    redirect: "error",
    signal,
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`Cannot read "${url}": it answers ${response.status}`);
  }
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  let size = 0;
  // A loop that ends early gives up the rest of the body.
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > limit) throw new Error(`Cannot read "${url}": it is larger than ${limit} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  text += decoder.decode();
  const maxAge = maxAgeOf(response.headers);
  return { value: JSON.parse(text), ...(maxAge !== undefined && { maxAge }) };
}

/** RFC 9111 §5.2.2. */
function maxAgeOf(headers: Headers): number | undefined {
  const directives = (headers.get("Cache-Control") ?? "").toLowerCase().split(",").map((text) => text.trim());
  if (directives.includes("no-store") || directives.includes("no-cache")) return 0;
  const seconds = directives.map((text) => /^max-age="?(\d{1,10})"?$/.exec(text)?.[1]).find(Boolean);
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}
