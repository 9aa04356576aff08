import type { RepositoryName, Tag } from "../../oci/mod.ts";
import { tableOf } from "../table.ts";
import { digestFor, type Output } from "./output.ts";
import type { BoundApi } from "./source.ts";

/** A tag of a repository. */
export interface Tagged {
  /** The repository. */
  repository: RepositoryName;
  /** The tag. */
  tag: Tag;
}

/**
 * `skerry history`: prints the moves of a tag, newest first.
 *
 * @returns The exit code.
 */
export async function history(api: BoundApi, { repository, tag }: Tagged, output: Output): Promise<number> {
  const { print, json, width } = output;
  const { moves } = await api.getTagHistory(repository, tag);
  if (json) {
    for (const move of moves) print(JSON.stringify(move));
    return 0;
  }
  const columns = [{ title: "MOVED" }, { title: "DIGEST" }, { title: "BY" }, { title: "" }];
  const rows = moves.map(({ at, digest, by = "", exists }, i) => [
    at,
    digestFor(output, digest),
    by,
    exists ? i === 0 ? "current" : "" : "deleted",
  ]);
  print(tableOf(columns, rows, { width }));
  return 0;
}
