import { type Context, mayBeUnderWay } from "../protocol/mod.ts";
import type { ManifestAttributes, Stored } from "../items/mod.ts";

/**
 * Starts to measure a push, just before it puts its manifest. The function returned is called when its tags and its
 * referrer item exist. It returns true if all of that took at most {@linkcode Context.promptPush}: then no delete of
 * the manifest can have missed them (see {@linkcode afterPromptPushes}), and the push need not look for one.
 *
 * The longer of two measurements counts: the wall clock can be set back, and the steady clock may stop while the
 * machine is suspended.
 */
export function startPush({ now, steady, promptPush }: Context): () => boolean {
  const [wall, start] = [now(), steady()];
  return () => Math.max(now() - wall, steady() - start) <= promptPush;
}

/**
 * Waits until each prompt push that put the manifest before it was read here has put its tags and its referrer item. A
 * push that puts the manifest later gives it another version. Returns at once for a manifest that no running request
 * can have pushed.
 */
export async function afterPromptPushes(
  context: Context,
  manifests: Stored<ManifestAttributes>[],
): Promise<void> {
  const isRecent = manifests.some(({ attributes }) => mayBeUnderWay(context, attributes.pushedAt));
  if (isRecent) await context.sleep(context.deleteDelay);
}
