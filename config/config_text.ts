import type { YamlProblem } from "./yaml_text.ts";

// Not literal: its library takes 40 ms of CPU time to load, and Deno reads literal imports before the first line runs.
const importYaml = (): Promise<typeof import("./yaml_text.ts")> =>
  import(new URL("yaml_text.ts", import.meta.url).href);

/** The value of a text of YAML or JSON (JSON is YAML), or all that is wrong with it. */
export async function parseText(text: string): Promise<{ value: unknown } | { problems: YamlProblem[] }> {
  const json = parseJson(text);
  if (json !== undefined) return json;
  const { parseYaml } = await importYaml();
  return parseYaml(text);
}

/** The value of JSON that is written like `JSON.stringify` does, but for white space: such a text has no key twice. */
function parseJson(text: string): { value: unknown } | undefined {
  if (!/^\s*[{[]/.test(text)) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    const compact = text.replace(/("(?:[^"\\]|\\.)*")|\s+/g, "$1");
    return JSON.stringify(value) === compact ? { value } : undefined;
  } catch {
    return undefined;
  }
}
