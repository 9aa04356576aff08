/**
 * Pages of the web UI that people read.
 *
 * @module
 */
import { openApi } from "../../../api/mod.ts";
import type { RegistryRouteOptions } from "../../registry_route.ts";
import { noSuchPage, pageAt, type PageRoute, repositoryPageAt } from "../page_route.ts";
import { changeRoutes } from "./actions/mod.ts";
import {
  showCollection,
  showPolicy,
  showQuotas,
  showRetention,
  showStatus,
  showStorage,
  showUploads,
  webhookRoute,
} from "./admin/mod.ts";
import {
  showDiff,
  showHistory,
  showManifest,
  showReferrers,
  showRepositories,
  showRepository,
  showSearch,
} from "./show.tsx";

/** Dependencies of the pages. */
export type PageOptions = Pick<RegistryRouteOptions, "api">;

/** Every page, with its path. */
export function pagesOf({ api }: PageOptions): PageRoute[] {
  const load = async () => {
    if (api === undefined) throw noSuchPage();
    return openApi(await api());
  };
  return [
    pageAt("/", showRepositories(load)),
    pageAt("/search", showSearch(load)),
    repositoryPageAt("/r/<name>", showRepository(load)),
    repositoryPageAt("/r/<name>/-/at/<reference>", showManifest(load)),
    repositoryPageAt("/r/<name>/-/diff", showDiff(load)),
    repositoryPageAt("/r/<name>/-/history", showHistory(load)),
    repositoryPageAt("/r/<name>/-/referrers/<digest>", showReferrers(load)),
    ...changeRoutes(load),
    pageAt("/admin", showStatus(load)),
    pageAt("/admin/storage", showStorage(load)),
    pageAt("/admin/quotas", showQuotas(load)),
    pageAt("/admin/uploads", showUploads(load)),
    pageAt("/admin/collection", showCollection(load)),
    pageAt("/admin/retention", showRetention(load)),
    pageAt("/admin/policy", showPolicy(load)),
    webhookRoute(load),
  ];
}
