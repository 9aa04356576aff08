import { sendTwice } from "./answers.ts";
import type { Finding } from "./finding.ts";
import { ACCEPT_MANIFESTS, type Image } from "./image.ts";
import type { Session } from "./session.ts";

/** Milliseconds between two looks at the cache. */
const INTERVAL_MS = 100;

const CHECK = "purge";

/**
 * Checks that the cache of a public endpoint sends no manifest that was deleted at the main host.
 *
 * @param remove Deletes the image; answers false if the account may not.
 * @param patienceMs Milliseconds for which a purge is waited for.
 */
export async function checkPurge(
  session: Session,
  { repository, manifests: [digest] }: Image,
  { remove, patienceMs }: { remove: () => Promise<boolean>; patienceMs: number },
): Promise<Finding> {
  const path = `/v2/${repository}/manifests/${digest}`;
  const request = { headers: { Accept: ACCEPT_MANIFESTS } };
  const { response: { status }, isCached } = await sendTwice(session, path, request);
  if (status !== 200) {
    return {
      check: CHECK,
      level: "warning",
      found: `${session.url.host} answers ${status} to the pushed manifest`,
      advice: "Push to a repository that anonymous clients may pull from",
    };
  }
  if (!isCached) return { check: CHECK, level: "note", found: "No cache keeps the pushed manifest" };
  if (!await remove()) return { check: CHECK, level: "note", found: "Not checked, as the image stays" };
  const start = performance.now();
  for (;;) {
    const { status, body } = await session.send(path, request);
    await body?.cancel();
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    if (status === 404) {
      return { check: CHECK, level: "ok", found: `The cache forgot a deleted manifest within ${seconds} s` };
    }
    if (performance.now() - start > patienceMs) {
      return {
        check: CHECK,
        level: "warning",
        found: `A cache still answers with ${status} a manifest that was deleted ${seconds} s ago`,
        advice: "Let the registry purge the cache (docs/caching.md), or live with digestTtl as the bound",
      };
    }
    await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
  }
}
