import type { RepositoryName, Tag } from "../../oci/mod.ts";
import { EVENT_TYPES, type EventMessage, type EventReceiver, type EventRule } from "../../registry/mod.ts";
import { historyOf, readEarlierMoves, type Stored, type TagAttributes } from "../../registry/stored.ts";
import type { Choices } from "./choices.ts";
import type { Ledger, Operation } from "./ledger.ts";
import { itemsOf, type Quiet } from "./quiet.ts";
import type { Caller } from "./stores.ts";
import { must } from "./violation.ts";

/** Every event of every repository. */
export const EVENT_RULES: EventRule[] = [{ types: EVENT_TYPES, repositories: ["**"] }];

/** Failures of a receiver: none, or half of the deliveries. */
export type Receiver = "reliable" | "failing";

/** More attempts than a run makes, a few milliseconds apart. */
const RETRIES = Array.from({ length: 10_000 }, () => 10);

/** Receiver of the events of all processes of a run. */
export class SimulatedReceiver {
  readonly #messages: EventMessage[] = [];

  /** The receiver as a process sends to it. */
  receiver(call: Caller, { kind, choices }: { kind: Receiver; choices: Choices }): EventReceiver {
    return {
      name: "receiver",
      wants: () => true,
      retries: RETRIES,
      deliver: (message) =>
        call({
          text: () => `deliver ${JSON.stringify(message)}`,
          footprint: { place: "receiver", name: "*", writes: true },
          run: () => {
            if (kind === "failing" && choices.below(2) === 0) return Promise.reject(new Error("failed"));
            return Promise.resolve(void this.#messages.push(message));
          },
        }),
    };
  }

  /**
   * Asserts that each acknowledged change has arrived, no other one has, and those of a tag in their order. Without a
   * `collector`, which removes tags without a manifest, every history that has ended has arrived with its end.
   */
  async check(quiet: Quiet, { collector }: { collector: boolean }): Promise<void> {
    this.#checkOrder();
    this.#checkPushes(quiet.ledger);
    this.#checkDeletes(quiet.ledger);
    await this.#checkTags(quiet);
    if (!collector) await this.#checkEnds(quiet);
  }

  /** First arrivals of the events of these types. */
  #first(...types: string[]): EventMessage[] {
    const all = new Map<string, EventMessage>();
    for (const message of this.#messages) {
      if (types.includes(message.type) && !all.has(message.id)) all.set(message.id, message);
    }
    return [...all.values()];
  }

  #checkOrder(): void {
    const last = new Map<string, EventMessage>();
    for (const message of this.#first("tag.create", "tag.move", "tag.delete")) {
      const { repository, tag, history } = message.data;
      const key = `${repository}:${tag} ${history}`;
      const before = last.get(key);
      must(
        before === undefined || placeOf(before) < placeOf(message),
        `${textOf(message)} arrives after ${before && textOf(before)}`,
      );
      last.set(key, message);
    }
  }

  #checkPushes(ledger: Ledger): void {
    const tagged = new Set(
      this.#first("tag.create", "tag.move").map(({ data }) =>
        `${data.repository}:${data.tag} ${data.digest}`
      ),
    );
    const arrived = new Set(
      this.#first("manifest.push").map(({ data }) => `${data.repository} ${data.digest}`),
    );
    const pushes = ledger.of("manifest");
    for (const { wish, done } of pushes) {
      const isThere = arrived.has(`${wish.repository} ${wish.digest}`);
      must(
        !done || isThere,
        `The push of ${wish.digest} to ${wish.repository} was acknowledged without an event`,
      );
      for (const tag of done ? wish.tags : []) {
        const text = `${wish.repository}:${tag} ${wish.digest}`;
        must(tagged.has(text), `The push of ${text} was acknowledged without an event`);
      }
      const others = pushes.filter(({ wish: other }) =>
        other.repository === wish.repository && other.digest === wish.digest
      );
      must(!isThere || others.some(mayBeMade), `The push of ${wish.digest} failed, and is an event`);
    }
  }

  /** The history of each tag that is not there any more has an end. */
  async #checkEnds({ table }: Quiet): Promise<void> {
    const present = new Set(
      (await itemsOf(table)).filter(({ sk }) => sk.startsWith("tag#"))
        .map((item) => historyOf((item as Stored<TagAttributes>).attributes).id),
    );
    const ended = new Set(this.#first("tag.delete").map(({ data }) => data.history));
    for (const message of this.#first("tag.create", "tag.move")) {
      const { history } = message.data;
      must(present.has(`${history}`) || ended.has(history!), `${textOf(message)} has no end`);
    }
  }

  #checkDeletes(ledger: Ledger): void {
    const tags = this.#first("tag.delete").map(({ data }) => `${data.repository}:${data.tag}`);
    const manifests = this.#first("manifest.delete").map(({ data }) => `${data.repository}@${data.digest}`);
    const wholes = ledger.of("delete manifest").filter(({ wish }) => wish.withAll).map(({ start }) => start);
    const acknowledged = (name: string, deletes: Operation[]) => {
      // A deletion of the repository may have found nothing of it.
      const isDone = deletes.some(({ done, start }) => done && !wholes.includes(start));
      const all = name.includes("@") ? manifests : tags;
      // One for several deletes at once: a driver that repeats a delete cannot tell which of them was made.
      must(!isDone || all.includes(name), `The delete of ${name} was acknowledged without an event`);
    };
    for (const { wish: { repository, tag } } of ledger.of("delete tag")) {
      const same = ledger.of("delete tag").filter(({ wish }) =>
        wish.repository === repository && wish.tag === tag
      );
      acknowledged(`${repository}:${tag}`, same);
    }
    for (const { wish: { repository, digest } } of ledger.of("delete manifest")) {
      const same = ledger.of("delete manifest")
        .filter(({ wish }) => wish.repository === repository && wish.digest === digest);
      acknowledged(`${repository}@${digest}`, same);
    }
  }

  /** Every tag has an event for each of its moves, and none for another one. */
  async #checkTags({ table }: Quiet): Promise<void> {
    for (const item of await itemsOf(table)) {
      if (!item.sk.startsWith("tag#")) continue;
      const tag = item as Stored<TagAttributes>;
      const { id, last } = historyOf(tag.attributes);
      const repository = item.pk.slice("repo#".length) as RepositoryName;
      const name = item.sk.slice("tag#".length) as Tag;
      const events = this.#first("tag.create", "tag.move").filter(({ data }) =>
        data.repository === repository && data.tag === name && data.history === id
      );
      const earlier = (await readEarlierMoves(table, tag)).map(({ attributes }) => attributes.digest)
        .reverse();
      const digests = [...earlier, tag.attributes.digest];
      must(digests.length === last, `${repository}:${name} has ${digests.length} moves of ${last}`);
      must(
        JSON.stringify(events.map(({ data }) => data.digest)) === JSON.stringify(digests),
        `${repository}:${name} has the moves ${digests}, and the events ${events.map(textOf)}`,
      );
    }
    const left = (await itemsOf(table)).find(({ pk }) => /^(event|delivery|deadletter)#/.test(pk));
    must(left === undefined, `An event is left: ${left?.pk} ${left?.sk}`);
  }
}

/**
 * True for a push that may have taken effect: not for one that was refused at the first attempt, unless its tag was and
 * the manifest stays.
 */
function mayBeMade({ done, failures, end, refused }: Operation): boolean {
  return done || failures > 0 || end === Infinity || refused === "DENIED";
}

function placeOf({ type, data: { number } }: EventMessage): number {
  return Number(number) + (type === "tag.delete" ? 0.5 : 0);
}

function textOf({ type, data: { tag, digest, history, number } }: EventMessage): string {
  return `${type} ${tag} ${digest} (${history} ${number})`;
}
