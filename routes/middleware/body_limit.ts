import { networkOf } from "../../auth/start.ts";
import type { RequestLimits } from "../handler.ts";
import type { Middleware } from "./env.ts";

/** Maximum bytes of a form or of JSON: a password can be an ID token of a workload's issuer. */
export const MAX_FORM_BYTES = 64 * 1024;

/** Bytes of all forms and JSON: apart from manifests, since clients without a login may send forms. */
const FORM_BYTES = 16 * 1024 * 1024;

/** Bytes of the forms of one network: 32 of the largest. */
const FORM_BYTES_PER_NETWORK = 2 * 1024 * 1024;

/**
 * Limits the size, the idle time and the memory of bodies that are forms or JSON. The body is read when the handler calls
 * `readBody`, so a request that is refused before takes no memory. `what` names the body in errors.
 */
export function bodyLimit(
  limits: RequestLimits,
): (what: string) => Middleware {
  const { uploadIdleTimeout: idle, stop, share = 1 } = limits;
  return (what) =>
    function bodyLimit(c, next) {
      const exchange = c.get("skerry");
      exchange.readBody = async (parse) => {
        const { BodyBudget, withBody } = await import("../http/content.ts"); // not needed at the start
        limits.forms ??= new BodyBudget(FORM_BYTES * share, {
          name: "forms",
          share: FORM_BYTES_PER_NETWORK * share,
        });
        const { forms: bodies } = limits;
        const { address } = exchange.client;
        const network = address && networkOf(address);
        const options = { limit: MAX_FORM_BYTES, idle, stop, bodies, network, grows: true, what };
        return await withBody(c.req.raw, options, parse);
      };
      return next();
    };
}
