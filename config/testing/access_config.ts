/**
 * Configurations of who may do what, as they are written.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { readAccess } from "../access_config.ts";
import type { AccessConfig } from "../configuration.ts";

export { readAccess } from "../access_config.ts";

export const URL_ALONE = { url: "https://registry.example" };
export const GITHUB = { name: "github", issuer: "https://github.example" };
export const HASH = `$2y$05$${"a".repeat(53)}`;
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

/** Problems of a configuration, one line each: the place, a colon, and the message. */
export async function problemsOf(fields: unknown): Promise<string[]> {
  const isMap = typeof fields === "object" && fields !== null && !Array.isArray(fields);
  const { data, issues } = await readAccess(isMap ? mapOf(URL_ALONE, fields) : fields);
  assertEquals(data === undefined, issues.length > 0);
  return issues.map((issue) => {
    const keys = issue.code === "unrecognized_keys" ? issue.keys : [];
    return `${[...issue.path, ...keys].join(".")}: ${keys.length > 0 ? "No such setting" : issue.message}`;
  });
}

/** Both together, with a key `__proto__` as any other. */
export function mapOf(...maps: object[]): unknown {
  return Object.fromEntries(maps.flatMap((map) => Object.entries(map)));
}

export async function dataOf(fields: object): Promise<AccessConfig> {
  const { data, issues } = await readAccess({ ...URL_ALONE, ...fields });
  assertEquals(issues, []);
  return data!;
}

export const policy = (...to: string[]) => ({ repositories: ["a"], allow: [{ to, actions: ["pull"] }] });
