import type { RepositorySummary } from "../../api/mod.ts";
import { globMatcher } from "../../oci/glob.ts";
import { tableOf } from "../table.ts";
import { formatAge, formatBytes, formatCount } from "../units.ts";
import type { Output } from "./output.ts";
import { after, pagesOf } from "./pages.ts";
import type { BoundApi } from "./source.ts";

/** Entries of one request. */
const PAGE_SIZE = 100;

/** Characters that make a glob pattern of a text. */
const SPECIAL = /[*?[\]{}!\\]/;

/**
 * `skerry ls`: prints the repositories that match a pattern, with their newest tags. A text without special characters
 * matches every name that contains it.
 *
 * @returns The exit code: 1 if none matches.
 */
export async function ls(api: BoundApi, pattern: string | undefined, output: Output): Promise<number> {
  const { print, json, width, now } = output;
  const q = pattern === undefined ? "" : literalOf(pattern);
  const matches = pattern !== undefined && SPECIAL.test(pattern) ? globMatcher([pattern]) : () => true;
  const found: RepositorySummary[] = [];
  const get = (last: string | undefined) =>
    api.listRepositories({ n: PAGE_SIZE, ...(q !== "" && { q }), ...after(last) });
  for await (const { repositories } of pagesOf(get)) {
    for (const repository of repositories.filter(({ name }) => matches(name))) {
      if (json) print(JSON.stringify(repository));
      found.push(repository);
    }
  }
  if (!json && found.length > 0) {
    const columns = [
      { title: "REPOSITORY" },
      { title: "TAGS", align: "right" as const },
      { title: "NEWEST" },
      { title: "SIZE", align: "right" as const },
      { title: "PUSHED", align: "right" as const },
      { title: "BY" },
    ];
    print(tableOf(columns, found.map((one) => rowOf(one, now)), { width }));
  }
  if (found.length === 0 && !json) {
    print(pattern === undefined ? "No repositories" : `No repository matches "${pattern}"`);
  }
  return found.length === 0 && pattern !== undefined ? 1 : 0;
}

/** The longest part of a pattern without special characters, which every matching name contains. */
function literalOf(pattern: string): string {
  // Braces and brackets enclose alternatives, none of which every name has.
  const parts = pattern.replaceAll(/\{[^}]*\}|\[[^\]]*\]/g, "*").split(/[*?]+/);
  const isPlain = !/[{}[\]!\\]/.test(parts.join(""));
  if (!isPlain) return "";
  // "**/" also matches no folder, so its slash is not in every name.
  const bare = parts.map((part) => part.replaceAll(/^\/|\/$/g, ""));
  return bare.toSorted((a, b) => b.length - a.length)[0] ?? "";
}

function rowOf({ name, tags, newest }: RepositorySummary, now: number): string[] {
  return [
    name,
    formatCount(tags),
    newest?.tag ?? "",
    newest?.size === undefined ? "" : formatBytes(newest.size),
    newest === undefined ? "" : formatAge(newest.pushedAt, now),
    newest?.pushedBy ?? "",
  ];
}
