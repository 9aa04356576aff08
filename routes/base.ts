import { jsonAnswer } from "./http/mod.ts";
import type { Handler } from "./handler.ts";

/** Header that Docker's clients require, on the answer of `/v2/` and on the challenge. */
export const API_VERSION = { "Docker-Distribution-API-Version": "registry/2.0" };

/** end-1: tells clients that this is a registry. */
export function getBase(): Handler<"base"> {
  return function getBase() {
    return jsonAnswer({}, API_VERSION);
  };
}
