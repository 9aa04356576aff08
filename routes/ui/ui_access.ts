import { ANONYMOUS, networkOf } from "../../auth/interface.ts";
import type { RequestRates } from "../../auth/mod.ts";
import { type GuardOptions, makeCaller } from "../access/guard.ts";
import type { UiAccess } from "./options.ts";

/** Options of {@linkcode createUiAccess}. */
export interface UiAccessOptions extends Pick<GuardOptions, "allows" | "tokensDecide" | "addressOf"> {
  /** Rate limit of requests. */
  rates: RequestRates;
}

/** Access control of the web UI: every client is anonymous. */
export function createUiAccess(options: UiAccessOptions): UiAccess {
  const { rates, addressOf } = options;
  return {
    identify({ headers }, client) {
      client.address = addressOf(headers, client.peer);
      client.principal = ANONYMOUS.name;
      rates.take(networkOf(client.address));
      const caller = makeCaller(ANONYMOUS, undefined, options);
      return Promise.resolve({ caller, canLogIn: false, isAdministrator: false });
    },
  };
}
