/** Result of a case that {@linkcode atOnce} has run: its checks, which have steps of their own. */
export type Checks = (t: Deno.TestContext) => Promise<void>;

/**
 * Runs cases that mostly wait, all at the same time. When all have ended there is one step for each: it throws if the case
 * failed, and otherwise runs the checks that the case has returned, if any.
 */
export async function atOnce(
  t: Deno.TestContext,
  cases: Readonly<Record<string, () => Promise<Checks | void>>>,
): Promise<void> {
  const results = await Promise.allSettled(Object.values(cases).map((run) => run()));
  for (const [index, name] of Object.keys(cases).entries()) {
    await t.step(name, async (t) => {
      const result = results[index]!;
      if (result.status === "rejected") throw result.reason;
      await result.value?.(t);
    });
  }
}
