import type { Config } from "../../config/mod.ts";
import { openWebhook } from "../../events/mod.ts";
import type { EventOutbox, EventReceiver, Registry } from "../../registry/mod.ts";
import type { Log } from "../log/mod.ts";
import { Notices } from "./notices.ts";
import { Webhooks } from "./webhooks.ts";

/** Source of the events of a registry without a URL of its own. */
const UNNAMED_SOURCE = "skerry";

/** Webhooks of a process. */
export interface OpenWebhooks {
  /**
   * Prepares the receivers of a configuration. Nothing changes before the function that this answers is called.
   */
  prepare(config: Config): Promise<() => void>;
  /** The registry under a configuration, watched for events that no change proves. */
  watch(registry: Registry, config: Config): Registry;
  /** Counts a failed login from this address. */
  loginFailed(address: string | undefined): void;
  /** Delivers what waits, in about `budget` milliseconds. */
  run(budget: number): Promise<void>;
  /** Warnings for the operator. */
  warnings(): string[];
  /** Delivers the last events, within a second. */
  stop(): Promise<void>;
}

/** Starts the delivery of events in this process, without receivers yet. */
export function openWebhooks(
  outbox: EventOutbox,
  { log, takesOthers }: { log: Log; takesOthers: boolean },
): OpenWebhooks {
  const webhooks = new Webhooks({ outbox, takesOthers, log });
  const notices = new Notices(webhooks);
  return {
    async prepare(config) {
      const receivers = await receiversOf(config);
      return () => {
        webhooks.use(receivers);
        notices.use(config.webhooks);
      };
    },
    watch: (registry, { webhooks }) => notices.watch(registry, webhooks),
    loginFailed: (address) => notices.loginFailed(address),
    run: (budget) => webhooks.run(budget),
    warnings: () => webhooks.warnings(),
    async stop() {
      notices.stop();
      await webhooks.stop();
    },
  };
}

function receiversOf({ webhooks, auth }: Config): Promise<EventReceiver[]> {
  const source = auth?.url ?? UNNAMED_SOURCE;
  return Promise.all(webhooks.map((webhook) => openWebhook(webhook, { source })));
}
