/**
 * `deno doc --lint` for the doors that the arguments name, and for the documentation of every export of production code.
 * It does not count that the app is a Hono app: a type of a package cannot be exported again without all the types that
 * it refers to.
 *
 * @module
 */
import { isProduction, readSources } from "./sources.ts";

const OF_PACKAGES = /^error\[private-type-ref\]: public type 'App' references private type 'Hono'/m;

/** Problems in the output, one text for each. */
export function problemsIn(output: string): string[] {
  return output.split(/^(?=error)/m)
    .filter((text) => text.startsWith("error"))
    .filter((text) => !OF_PACKAGES.test(text) && !/^error: Found \d+ documentation lint/.test(text));
}

/** Problems in the output about missing documentation, and failures of the lint itself. */
export function undocumentedIn(output: string): string[] {
  return problemsIn(output).filter((text) =>
    !/^error\[(private-type-ref|missing-explicit-type|missing-return-type)\]/.test(text)
  );
}

async function lint(paths: readonly string[]): Promise<string> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--lint", ...paths],
    env: { NO_COLOR: "1" },
    stdout: "null",
  }).output();
  const output = new TextDecoder().decode(stderr);
  // A failure without a problem that is known is one as well.
  return success || /^error/m.test(output) ? output : `error: ${output}`;
}

if (import.meta.main) {
  const production = [...(await readSources()).keys()].filter(isProduction);
  const problems = [...problemsIn(await lint(Deno.args)), ...undocumentedIn(await lint(production))];
  if (problems.length > 0) {
    console.error(problems.join(""));
    Deno.exit(1);
  }
}
