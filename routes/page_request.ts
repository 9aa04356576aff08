import { RegistryError } from "../oci/errors.ts";
import type { PageRequest } from "../registry/interface.ts";
import type { Parameters } from "./http/mod.ts";

/** Maximum characters of a place in a list of names or digests, which are shorter. */
const MAX_PLACE_CHARACTERS = 256;

/** Maximum characters of a place in the catalog, which can be an encrypted name: the longest takes 379. */
export const MAX_CATALOG_PLACE_CHARACTERS = 512;

/**
 * Parses `n` and `last` of distribution-spec §"Listing Tags"; an empty `n` counts as absent. `maxCharacters` is the length
 * of the longest place.
 */
export function parsePage(parameters: Parameters, maxCharacters?: number): PageRequest {
  const n = parameters.one("n") ?? "";
  if (!/^[0-9]*$/.test(n)) {
    throw new RegistryError("PAGINATION_NUMBER_INVALID", "Parameter 'n' must be a number, 0 or more");
  }
  const after = parseAfter(parameters, maxCharacters);
  return {
    ...(n === "" ? {} : { limit: Math.min(Number(n), Number.MAX_SAFE_INTEGER) }),
    ...(after === undefined ? {} : { after }),
  };
}

/** Parses `last`, and cuts what is longer than every place in the list: its own place in the list stays the same. */
export function parseAfter(
  parameters: Parameters,
  maxCharacters = MAX_PLACE_CHARACTERS,
): string | undefined {
  return parameters.one("last")?.slice(0, maxCharacters);
}
