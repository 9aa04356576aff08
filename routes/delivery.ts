import type { RepositoryName } from "../oci/mod.ts";
import { parseRange } from "../oci/mod.ts";
import { type BlobReader, MAX_SMALL_BLOB_BYTES } from "../registry/interface.ts";
import { rangeApplies } from "./http/content.ts";

/**
 * Delivery of blobs: `proxy` sends their bytes through the registry, `redirect` sends clients to the store, `auto` sends
 * them there for large blobs unless they are browsers.
 */
export type Delivery = "proxy" | "redirect" | "auto";

/** Delivery of the blobs of some repositories. */
export interface DeliveryRule {
  /** Glob patterns of repository names. */
  repositories: string[];
  /** Their delivery. */
  delivery: Delivery;
}

/** Options of {@linkcode redirection}. */
export interface DeliveryOptions {
  /** Delivery without a matching rule. */
  delivery: Delivery;
  /** Exceptions: the first rule that matches a repository counts. */
  deliveryRules: DeliveryRule[];
}

/** URL of the store to redirect a GET of a blob to; `undefined` if the registry sends the bytes itself. */
export type Redirection = (
  repository: RepositoryName,
  blob: BlobReader,
  request: Request,
) => Promise<string | undefined>;

/** Minimum size in bytes of a blob that `auto` redirects: a new connection costs more than a smaller blob. */
const MIN_AUTO_BYTES = 1_048_576;

/** Request header by which a client refuses redirects (`proxy`), or asks for them where the setting is `auto`. */
const DELIVERY_HEADER = "Skerry-Delivery";

/** Redirection by the options; `undefined` if they redirect nothing. */
export function redirection({ delivery, deliveryRules }: DeliveryOptions): Redirection | undefined {
  if (delivery === "proxy" && deliveryRules.every((rule) => rule.delivery === "proxy")) return undefined;
  let matchers: Promise<DeliveryMatcher[]> | undefined;

  async function deliveryOf(repository: RepositoryName): Promise<Delivery> {
    if (deliveryRules.length === 0) return delivery;
    const found = (await (matchers ??= compile(deliveryRules))).find(({ covers }) => covers(repository));
    return found?.delivery ?? delivery;
  }

  return async function redirect(repository, blob, request) {
    if (blob.url === undefined || blob.size <= MAX_SMALL_BLOB_BYTES) return;
    if (!storeAnswersAlike(blob, request.headers)) return;
    if (!allowsRedirect(await deliveryOf(repository), blob, request.headers)) return;
    const url = await blob.url();
    return url === undefined || isDowngrade(url, request) ? undefined : url;
  };
}

interface DeliveryMatcher {
  covers: (repository: RepositoryName) => boolean;
  delivery: Delivery;
}

async function compile(rules: DeliveryRule[]): Promise<DeliveryMatcher[]> {
  const { globMatcher } = await import("../oci/glob.ts"); // few have rules
  return rules.map(({ repositories, delivery }) => ({ covers: globMatcher(repositories), delivery }));
}

/**
 * True if the store answers the client's next request as the registry would. The client repeats its headers there, but
 * the store has other entity tags and knows one range only.
 */
function storeAnswersAlike({ digest, size }: BlobReader, headers: Headers): boolean {
  if (headers.has("If-Match") || headers.has("If-Unmodified-Since")) return false;
  const field = headers.get("Range");
  if (field === null) return true;
  if (field.includes(",") || !Array.isArray(parseRange(field, size))) return false;
  // With our entity tag the store would send the whole blob. Any other one may be the store's, which is strong too.
  return !headers.has("If-Range") || !rangeApplies(headers, digest);
}

function allowsRedirect(delivery: Delivery, { size }: BlobReader, headers: Headers): boolean {
  const wish = headers.get(DELIVERY_HEADER);
  if (delivery === "proxy" || wish === "proxy") return false;
  return delivery === "redirect" || wish === "redirect" || size >= MIN_AUTO_BYTES && !isBrowser(headers);
}

/** True for a request of a page in a browser, which could not read the answer of another origin. */
function isBrowser(headers: Headers): boolean {
  return headers.has("Sec-Fetch-Mode") || headers.has("Origin");
}

/** True if a client that came by TLS would read the content without it. */
function isDowngrade(url: string, request: Request): boolean {
  if (!url.startsWith("http:")) return false;
  return request.url.startsWith("https:") || request.headers.get("X-Forwarded-Proto") === "https";
}
