import { jsonAnswer } from "./http/mod.ts";
import type { Handler } from "./handler.ts";

/** What Docker's clients look for, in the answer that lets them in and in the one that asks them to log in. */
export const API_VERSION = { "Docker-Distribution-API-Version": "registry/2.0" };

/** end-1: says that this is a registry. */
export function getBase(): Handler<"base"> {
  return function getBase() {
    return jsonAnswer({}, API_VERSION);
  };
}
