import { RegistryError } from "../oci/errors.ts";
import type { PageRequest } from "../registry/interface.ts";
import type { Parameters } from "./http/mod.ts";

/** Parses `n` and `last` of distribution-spec §"Listing Tags"; an empty `n` counts as absent. */
export function parsePage(parameters: Parameters): PageRequest {
  const n = parameters.one("n") ?? "";
  if (!/^[0-9]*$/.test(n)) {
    throw new RegistryError("PAGINATION_NUMBER_INVALID", "Parameter 'n' must be a number, 0 or more");
  }
  const after = parseAfter(parameters);
  return {
    ...(n === "" ? {} : { limit: Math.min(Number(n), Number.MAX_SAFE_INTEGER) }),
    ...(after === undefined ? {} : { after }),
  };
}

/** Parses `last` and cuts it to 256 characters. Names and digests are shorter, so its place in the list stays the same. */
export function parseAfter(parameters: Parameters): string | undefined {
  return parameters.one("last")?.slice(0, 256);
}
