/**
 * Runs a clean-up that the answer does not depend on. What it leaves behind belongs to an upload and goes when the
 * upload expires, or the claim that it does not give back ends by itself.
 */
export async function bestEffort(cleanUp: () => Promise<unknown>): Promise<void> {
  try {
    await cleanUp();
  } catch {
    // The sweep deletes it.
  }
}
