/**
 * Runs a clean-up whose failure does not change the answer. Its remains belong to an upload, and the sweep removes
 * them; a claim that is not released expires.
 */
export async function bestEffort(cleanUp: () => Promise<unknown>): Promise<void> {
  try {
    await cleanUp();
  } catch {
    // The sweep deletes it.
  }
}
