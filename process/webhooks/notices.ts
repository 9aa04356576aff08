import { RegistryError, type RepositoryName } from "../../oci/mod.ts";
import type { EventReceiver, EventType, Registry } from "../../registry/mod.ts";
import type { Webhooks } from "./webhooks.ts";

/** Milliseconds in which repeated refusals and failed logins are one event. */
const WINDOW_MS = 60_000;

/** Maximum addresses or repositories of one event. */
const MAX_NAMES = 20;

/** Maximum pulls of a second that become events. */
const MAX_PULLS_PER_SECOND = 20;

/** Receiver as it is configured: its name, the types that it asks for, and the number of pulls of which it gets one. */
export interface Watching {
  /** Unique name. */
  name: string;
  /** Types of the events. */
  events: readonly EventType[];
  /** Number of pulls of which one is an event. */
  pullSample: number;
}

function asksFor(webhooks: readonly Watching[], type: EventType): Watching[] {
  return webhooks.filter(({ events }) => events.includes(type));
}

/**
 * Events without a change that proves them: pulls, refusals by a quota, failed logins. Best effort: they are counted in
 * the memory of a process, and lost if it crashes.
 */
export class Notices {
  readonly #webhooks: Webhooks;
  readonly #logins = new Counts();
  readonly #quotas = new Counts();
  #pulls = { second: 0, count: 0 };
  #countsLogins = false;

  /** Announces them to these webhooks. */
  constructor(webhooks: Webhooks) {
    this.#webhooks = webhooks;
  }

  /** Uses these receivers from now on. */
  use(webhooks: readonly Watching[]): void {
    this.#countsLogins = asksFor(webhooks, "login.failed").length > 0;
  }

  /** The registry, watched as far as receivers ask for it. Costs a read nothing otherwise. */
  watch(registry: Registry, webhooks: readonly Watching[]): Registry {
    const countsQuotas = asksFor(webhooks, "quota.refused").length > 0;
    const watched = countsQuotas ? { ...registry, ...this.#watchQuotas(registry) } : registry;
    const pullers = asksFor(webhooks, "manifest.pull");
    if (pullers.length === 0) return watched;
    return {
      ...watched,
      getManifest: async (repository, reference, options) => {
        const manifest = await watched.getManifest(repository, reference, options);
        const tag = "tag" in reference ? { tag: reference.tag } : {};
        // A HEAD is no pull.
        if (options?.exact !== true) this.#pulled(pullers, repository, { ...tag, digest: manifest.digest });
        return manifest;
      },
    };
  }

  /** Counts a failed login from this address. */
  loginFailed(address = "unknown"): void {
    if (!this.#countsLogins) return;
    this.#logins.add(address, (counts, count) => {
      this.#webhooks.announce({ type: "login.failed", data: { count, addresses: counts } });
    });
  }

  /** Announces what was counted and begins no more. */
  stop(): void {
    this.#logins.stop();
    this.#quotas.stop();
  }

  #pulled(
    pullers: readonly Watching[],
    repository: RepositoryName,
    facts: { tag?: string; digest: string },
  ): void {
    const chosen = new Set(
      pullers.filter(({ pullSample }) => Math.random() * pullSample < 1).map(({ name }) => name),
    );
    const second = Math.floor(performance.now() / 1000);
    if (this.#pulls.second !== second) this.#pulls = { second, count: 0 };
    if (chosen.size === 0 || this.#pulls.count++ >= MAX_PULLS_PER_SECOND) return;
    const { tag, digest } = facts;
    const subject = tag === undefined ? `${repository}@${digest}` : `${repository}:${tag}`;
    const isFor = ({ name }: EventReceiver) => chosen.has(name);
    this.#webhooks.announce(
      { type: "manifest.pull", repository, subject, data: { repository, ...facts } },
      isFor,
    );
  }

  #watchQuotas(registry: Registry): Partial<Registry> {
    const watch =
      <A extends [RepositoryName, ...unknown[]], R>(write: (...args: A) => Promise<R>) =>
      async (...args: A): Promise<R> => {
        try {
          return await write(...args);
        } catch (error) {
          const { quota } = error instanceof RegistryError ? Object(error.detail) : {};
          if (typeof quota === "number") this.#refused(args[0], quota);
          throw error;
        }
      };
    return {
      startUpload: watch(registry.startUpload),
      appendUpload: watch(registry.appendUpload),
      commitUpload: watch(registry.commitUpload),
      putBlob: watch(registry.putBlob),
      mountBlob: watch(registry.mountBlob),
      putManifest: watch(registry.putManifest),
    };
  }

  #refused(repository: RepositoryName, quota: number): void {
    this.#quotas.add(repository, (counts) => {
      for (const [name, count] of Object.entries(counts)) {
        const repository = name as RepositoryName;
        this.#webhooks.announce({
          type: "quota.refused",
          repository,
          subject: repository,
          data: { repository, quota, count },
        });
      }
    });
  }
}

/** Counts by name, which are reported together after a while. */
class Counts {
  #counts = new Map<string, number>();
  #sum = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #report: () => void = () => {};

  /** Counts a name. `report` is called at the end of the window, with the first names and the sum of all. */
  add(name: string, report: (counts: Record<string, number>, sum: number) => void): void {
    this.#sum++;
    if (this.#counts.has(name) || this.#counts.size < MAX_NAMES) {
      this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    }
    if (this.#timer !== undefined) return;
    this.#report = () => {
      const [counts, sum] = [Object.fromEntries(this.#counts), this.#sum];
      this.#counts = new Map();
      this.#sum = 0;
      this.#timer = undefined;
      report(counts, sum);
    };
    this.#timer = setTimeout(this.#report, WINDOW_MS);
  }

  /** Reports now. */
  stop(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#report();
  }
}
