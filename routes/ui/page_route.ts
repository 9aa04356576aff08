import { parseRepositoryName, RegistryError, type RepositoryName } from "../../oci/mod.ts";
import type { Client } from "../access/mod.ts";
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
  /** Query as the client sent it; empty without one. */
  query: string;
  /** Headers. */
  headers: Headers;
  /** Network origin of the request. */
  client: Client;
}

/** Request that changes something: a form that a page of the registry has sent. */
export interface FormRequest extends PageRequest {
  /** Fields of the form. */
  form: Parameters;
}

/** A request for something in a repository from which the viewer may pull. It may not exist. */
export type InRepository<Request extends PageRequest> = Request & { repository: RepositoryName };

/** Answer that sends the browser to another page. */
export interface Redirect {
  /** Path of a page of the registry, or URL of a provider of logins. */
  location: string;
  /** Values of `Set-Cookie`. */
  cookies?: readonly string[];
}

/** Makes a page for a viewer. Its errors become error pages. */
export type ShowPage<Request extends PageRequest = PageRequest> = (
  request: Request,
  viewer: Viewer,
) => Page | Redirect | Promise<Page | Redirect>;

/** Path with its page, or with what its form does, or both. Placeholders are names in angle brackets, such as `<digest>`. */
export interface PageRoute {
  /** Path, such as `/search` or `/r/<name>/-/at/<reference>`. */
  path: `/${string}`;
  /** Makes the page for GET. */
  show?: ShowPage;
  /** Makes the change for POST. */
  act?: ShowPage<FormRequest>;
  /** True if the form needs no login. */
  isOpen?: boolean;
}

/** Route of a page that belongs to no repository. */
export function pageAt(path: `/${string}`, show: ShowPage): PageRoute {
  return { path, show };
}

/** Route of a form that belongs to no repository. A login is required where the registry has accounts. */
export function formAt(path: `/${string}`, act: ShowPage<FormRequest>): PageRoute {
  return { path, act };
}

/**
 * Route of a page of a repository. If the viewer may not pull from the repository, the answer is the same 404 as for one
 * that does not exist.
 */
export function repositoryPageAt(
  path: `/r/<name>${string}`,
  show: ShowPage<InRepository<PageRequest>>,
): PageRoute {
  return { path, show: (request, viewer) => show(withRepository(request, viewer), viewer) };
}

/** Route of a form of a repository. Without the right to pull, the answer is 404; `act` checks the right to the change. */
export function repositoryFormAt(
  path: `/r/<name>${string}`,
  act: ShowPage<InRepository<FormRequest>>,
): PageRoute {
  return { path, act: (request, viewer) => act(withRepository(request, viewer), viewer) };
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

function withRepository<Request extends PageRequest>(
  request: Request,
  { caller }: Pick<Viewer, "caller">,
): InRepository<Request> {
  const repository = readRepository(request.values["name"]!);
  if (!caller.may("pull", repository)) throw noSuchPage();
  return { ...request, repository };
}

function readRepository(name: string): RepositoryName {
  try {
    return parseRepositoryName(name);
  } catch {
    throw noSuchPage();
  }
}
