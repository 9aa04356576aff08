import type { Lister } from "../registry/interface.ts";
import { nextLink } from "./http/content.ts";
import { jsonAnswer } from "./http/mod.ts";
import type { Handler } from "./handler.ts";

/** end-8: lists the tags of a repository, in pages by `n` or by the registry's own limit. */
export function listTags(registry: Pick<Lister, "listTags">): Handler<"listTags"> {
  return async function listTags({ repository, page }) {
    const { items, next } = await registry.listTags(repository, page);
    const headers = next === undefined
      ? {}
      : nextLink(`/v2/${repository}/tags/list`, [["n", page.limit?.toString()], ["last", next]]);
    return jsonAnswer({ name: repository, tags: items }, headers);
  };
}
