/**
 * Pages of the web UI that people read.
 *
 * @module
 */
import type { RegistryRouteOptions } from "../../registry_route.ts";
import { pageAt, type PageRoute } from "../page_route.ts";
import { showHome } from "./home.tsx";

/** Dependencies of the pages. */
export type PageOptions = Pick<RegistryRouteOptions, "registry">;

/** Every page, with its path. */
export function pagesOf({ registry }: PageOptions): PageRoute[] {
  return [pageAt("/", showHome(registry))];
}
