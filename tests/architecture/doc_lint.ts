/**
 * `deno doc --lint` for the doors that the arguments name. It does not count that the app is a Hono app: a type of a package
 * cannot be exported again without all the types that it refers to.
 *
 * @module
 */

const OF_PACKAGES = /^error\[private-type-ref\]: public type 'App' references private type 'Hono'/m;

/** Problems in the output, one text for each. */
export function problemsIn(output: string): string[] {
  return output.split(/^(?=error)/m)
    .filter((text) => text.startsWith("error"))
    .filter((text) => !OF_PACKAGES.test(text) && !/^error: Found \d+ documentation lint/.test(text));
}

if (import.meta.main) {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--lint", ...Deno.args],
    env: { NO_COLOR: "1" },
    stdout: "null",
  }).output();
  const output = new TextDecoder().decode(stderr);
  const problems = problemsIn(output);
  // A failure without a problem that is known is one as well.
  if (!success && (problems.length > 0 || !OF_PACKAGES.test(output))) {
    console.error(problems.length > 0 ? problems.join("") : output);
    Deno.exit(1);
  }
}
