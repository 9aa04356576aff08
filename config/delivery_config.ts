import * as z from "zod/mini";
import type { DeliveryRule } from "./configuration.ts";
import { expected, jsonOf, ofKind, patterns } from "./schema_parts.ts";
import { SETTINGS } from "./settings.ts";

const rule = z.strictObject(
  { repositories: patterns, delivery: ofKind(SETTINGS.delivery) },
  expected("a map with repositories and delivery"),
);

/** Schema of the rules of delivery. */
export const deliverySchema: z.ZodMiniType<DeliveryRule[], unknown> = jsonOf(
  "rules",
  z.array(rule, expected("a list of rules")),
  [],
);
