/**
 * Parts of tests of the configuration.
 *
 * @module
 */
import { assertRejects } from "@std/assert";
import { ConfigError, loadConfig } from "../config.ts";

/** Problems that the configuration in this environment has. */
export async function problemsOf(environment: Record<string, string>): Promise<string[]> {
  return (await assertRejects(() => loadConfig(environment), ConfigError)).problems;
}

/** Runs `test` with the path of a configuration file with this content. */
export async function withFile(content: string, test: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempFile({ suffix: ".yaml" });
  try {
    await Deno.writeTextFile(path, content);
    await test(path);
  } finally {
    await Deno.remove(path);
  }
}
