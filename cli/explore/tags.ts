import type { Platform, TagDetail } from "../../api/mod.ts";
import type { RepositoryName } from "../../oci/mod.ts";
import { tableOf } from "../table.ts";
import { formatAge, formatBytes } from "../units.ts";
import { digestFor, type Output } from "./output.ts";
import { after, pagesOf } from "./pages.ts";
import type { BoundApi } from "./source.ts";

/** Entries of one request. */
const PAGE_SIZE = 100;

/** Options of {@linkcode tags}. */
export interface TagsOptions {
  /** Only tags that contain this text. */
  filter?: string | undefined;
  /** The tag that was pushed last comes first. */
  newest: boolean;
}

/**
 * `skerry tags`: prints the tags of a repository.
 *
 * @returns The exit code.
 */
export async function tags(
  api: BoundApi,
  repository: RepositoryName,
  { filter, newest }: TagsOptions,
  output: Output,
): Promise<number> {
  const { print, json, width } = output;
  const found: TagDetail[] = [];
  let isComplete = true;
  const request = { n: PAGE_SIZE, ...(filter && { q: filter }), ...(newest && { sort: "newest" as const }) };
  for await (const page of pagesOf((last) => api.listTags(repository, { ...request, ...after(last) }))) {
    if (json) { for (const tag of page.tags) print(JSON.stringify(tag)); }
    found.push(...page.tags);
    isComplete &&= page.complete;
  }
  if (json) return 0;
  if (found.length === 0) print("No tags");
  else {
    const columns = [
      { title: "TAG" },
      { title: "DIGEST" },
      { title: "KIND" },
      { title: "SIZE", align: "right" as const },
      { title: "PUSHED", align: "right" as const },
      { title: "BY" },
      { title: "PLATFORMS" },
    ];
    print(tableOf(columns, found.map((tag) => rowOf(tag, output)), { width }));
  }
  if (!isComplete) print("The repository has more tags than can be sorted: newer ones may be missing");
  return 0;
}

function rowOf(
  { tag, digest, kind, size, pushedAt, pushedBy, platforms }: TagDetail,
  output: Output,
): string[] {
  return [
    tag,
    digestFor(output, digest),
    kind,
    size === undefined ? "" : formatBytes(size),
    formatAge(pushedAt, output.now),
    pushedBy ?? "",
    platforms.map(platformText).join(" "),
  ];
}

/** A platform as clients write it: `linux/arm64/v8`. */
export function platformText({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...variant === undefined ? [] : [variant]].join("/");
}
