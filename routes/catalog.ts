import type { Lister } from "../registry/interface.ts";
import { nextLink } from "./http/content.ts";
import { jsonAnswer } from "./http/mod.ts";
import type { Handler } from "./handler.ts";

/** `_catalog` of the Docker registry API: the repositories, in pages as tags are. */
export function listRepositories(
  registry: Pick<Lister, "listRepositories">,
): Handler<"listRepositories"> {
  return async function listRepositories({ page }, _request, caller) {
    const { items, next } = await registry.listRepositories(page, caller);
    const headers = next === undefined
      ? {}
      : nextLink("/v2/_catalog", [["n", page.limit?.toString()], ["last", next]]);
    return jsonAnswer({ repositories: items }, headers);
  };
}
