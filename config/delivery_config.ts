import { fields, list, type Schema } from "../oci/schema.ts";
import type { DeliveryRule } from "./configuration.ts";
import { jsonOf, ofKind, patterns } from "./schema_parts.ts";
import { SETTINGS } from "./settings.ts";

const rule = fields<DeliveryRule>("a map with repositories and delivery", {
  repositories: patterns,
  delivery: ofKind(SETTINGS.delivery),
});

/** Schema of the rules of delivery. */
export const deliverySchema: Schema<DeliveryRule[]> = jsonOf(
  "rules",
  list(rule, { what: "a list of rules" }),
  [],
);
