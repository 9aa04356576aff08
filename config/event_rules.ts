import type { EventRule } from "../registry/mod.ts";
import type { Config } from "./configuration.ts";

/** Events that changes leave, by the configuration; for every process and command that makes changes. */
export function eventRules({ webhooks }: Pick<Config, "webhooks">): { events?: EventRule[] } {
  if (webhooks.length === 0) return {};
  return { events: webhooks.map(({ events: types, repositories }) => ({ types, repositories })) };
}
