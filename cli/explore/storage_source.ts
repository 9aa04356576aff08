import { type Api, openApi } from "../../api/mod.ts";
import type { Config } from "../../config/mod.ts";
import { eventRules } from "../../config/event_rules.ts";
import { purgeRules } from "../../config/purge_rules.ts";
import { openApi as createApi } from "../../process/open/open_api.ts";
import { type Caller, UNRESTRICTED_CALLER } from "../../registry/interface.ts";
import { createRegistry, type EventOutbox, readOnly } from "../../registry/mod.ts";
import { openAudit } from "../audit.ts";
import { openForUpkeep } from "../upkeep_storage.ts";
import { type Backlog, type BoundApi, METHODS, type Source } from "./source.ts";

/** Events that are counted. */
const MAX_EVENTS = 1000;

/**
 * The API over the storage of the configuration, for an operator with all rights. The rules of the configuration for
 * tags hold here too.
 *
 * @throws {StartError} if the storage cannot be used.
 */
export async function openStorageSource(config: Config): Promise<Source> {
  await using stack = new AsyncDisposableStack();
  const { objects, table, close } = await openForUpkeep(config);
  stack.defer(close);
  const audit = stack.use(openAudit(config));
  const rules = config.auth && { immutable: config.auth.immutable, quotas: config.auth.quotas };
  const stored = createRegistry({
    ...config,
    ...eventRules(config),
    ...purgeRules(config),
    ...rules,
    objects,
    table,
  });
  stack.defer(async () => await (await stored.outbox?.())?.handOver());
  const sealed = await createApi({
    config,
    stored,
    registry: config.readOnly ? readOnly(stored.registry) : stored.registry,
    access: undefined,
    ready: () => Promise.resolve(true),
    warnings: () => [],
  });
  const caller = { ...UNRESTRICTED_CALLER, name: "operator", changed: audit.record };
  const kept = stack.move();
  return {
    api: bind(openApi(sealed), caller),
    isRunning: false,
    backlog: async () => await backlogOf(await stored.events()),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Events of the outbox, the oldest first. */
async function backlogOf(outbox: EventOutbox): Promise<Backlog> {
  const [pending, { items: dead, next }] = await Promise.all([
    outbox.pending({ limit: MAX_EVENTS }),
    outbox.deadLetters({ limit: MAX_EVENTS }),
  ]);
  const [oldest] = pending;
  return {
    waiting: { count: pending.length, more: pending.length === MAX_EVENTS },
    ...(oldest && { oldest: new Date(oldest.message.at).toISOString() }),
    dead: { count: dead.length, more: next !== undefined },
  };
}

function bind(api: Api, caller: Caller): BoundApi {
  const methods = METHODS.map((name) => {
    const method = api[name] as (caller: Caller, ...args: unknown[]) => Promise<unknown>;
    return [name, (...args: unknown[]) => method(caller, ...args)];
  });
  return Object.fromEntries(methods);
}
