import type { Handler } from "./handler.ts";
import { jsonResponse } from "./json.ts";

/** end-1: says that this is a registry, with the header that Docker's clients look for. */
export function getBase(): Handler<"base"> {
  return function getBase() {
    return jsonResponse({}, { "Docker-Distribution-API-Version": "registry/2.0" });
  };
}
