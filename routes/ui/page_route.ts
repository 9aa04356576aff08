import { parseRepositoryName, RegistryError, type RepositoryName } from "../../oci/mod.ts";
import type { Parameters } from "../http/mod.ts";
import type { Page } from "./page.tsx";
import type { Viewer } from "./viewer.ts";

/** Request for a page. */
export interface PageRequest {
  /** Path of the page. */
  path: string;
  /** Values of the placeholders in the path of the route, as the client sent them; they are not checked. */
  values: Readonly<Record<string, string>>;
  /** Query. */
  parameters: Parameters;
}

/** Request for a page of a repository. */
export interface RepositoryPageRequest extends PageRequest {
  /** Repository of the page, from which the viewer may pull. It may not exist. */
  repository: RepositoryName;
}

/** Makes a page for a viewer. Its errors become error pages. */
export type ShowPage<Request extends PageRequest = PageRequest> = (
  request: Request,
  viewer: Viewer,
) => Page | Promise<Page>;

/** Page with its path. Placeholders of the path are names in angle brackets, such as `<digest>`. */
export interface PageRoute {
  /** Path, such as `/search` or `/r/<name>/-/at/<reference>`. */
  path: `/${string}`;
  /** Makes the page. */
  show: ShowPage;
}

/** Route of a page that belongs to no repository. */
export function pageAt(path: `/${string}`, show: ShowPage): PageRoute {
  return { path, show };
}

/**
 * Route of a page of a repository. If the viewer may not pull from the repository, the answer is the same 404 as for one
 * that does not exist.
 */
export function repositoryPageAt(
  path: `/r/<name>${string}`,
  show: ShowPage<RepositoryPageRequest>,
): PageRoute {
  return {
    path,
    show(request, viewer) {
      const repository = readRepository(request.values["name"]!);
      if (!viewer.caller.may("pull", repository)) throw noSuchPage();
      return show({ ...request, repository }, viewer);
    },
  };
}

/** The 404 of a page that does not exist, and of one that the viewer may not see. */
export function noSuchPage(): RegistryError {
  return new RegistryError("NAME_UNKNOWN", "This page does not exist, or your account may not see it");
}

/**
 * Pattern of Hono's router for the path of a route. The name of a repository contains slashes; its end is clear because
 * no part of a name is `-`.
 */
export function patternOf(path: string): string {
  return path.replace(/<([a-z]+)>/g, (_all, name: string) => name === "name" ? ":name{.+}" : `:${name}`);
}

/** Names of the placeholders in the path of a route. */
export function placeholdersOf(path: string): string[] {
  return [...path.matchAll(/<([a-z]+)>/g)].map(([, name]) => name!);
}

function readRepository(name: string): RepositoryName {
  try {
    return parseRepositoryName(name);
  } catch {
    throw noSuchPage();
  }
}
