import { jsonAnswer } from "./answer.ts";
import type { Handler } from "./handler.ts";

/** end-1: says that this is a registry, with the header that Docker's clients look for. */
export function getBase(): Handler<"base"> {
  return function getBase() {
    return jsonAnswer({}, { "Docker-Distribution-API-Version": "registry/2.0" });
  };
}
