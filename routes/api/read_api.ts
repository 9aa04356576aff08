import { type Api, openApi } from "../../api/mod.ts";
import type { ApiRouteOptions } from "./options.ts";
import { noSuchPath } from "../refusals.ts";

/**
 * The API that the options have.
 *
 * @throws {RegistryError} 404 for an app without one.
 */
export async function readApi({ api }: ApiRouteOptions): Promise<Api> {
  if (api === undefined) throw noSuchPath();
  return openApi(await api());
}
