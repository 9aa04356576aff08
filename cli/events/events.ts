import { plainField } from "../../process/mod.ts";
import {
  createRegistry,
  type DeadLetter,
  type EventMessage,
  type EventOutbox,
  formatAge,
  type PendingEvent,
} from "../../registry/mod.ts";
import { type Config, StartError } from "../../config/mod.ts";
import { openAudit } from "../audit.ts";
import { counted } from "../counted.ts";
import { openForUpkeep } from "../upkeep_storage.ts";

/** Events that wait and are listed. */
const MAX_LISTED = 1000;

/** Arguments of `skerry events`. */
export interface ListOptions {
  /** True for dead letters instead of events that wait. */
  dead: boolean;
  /** True to print JSON. */
  json: boolean;
  /** Name of the webhook; absent for all. */
  webhook?: string;
}

/**
 * `skerry events`: prints the events that wait for webhooks, the oldest first, or dead letters.
 *
 * @returns The exit code.
 * @throws {StartError} if the storage cannot be used.
 */
export async function listEvents(
  config: Config,
  print: (text: string) => void,
  { dead, json, webhook }: ListOptions,
): Promise<number> {
  return await withOutbox(config, async (outbox) => {
    if (dead) {
      const letters = (await allDeadLetters(outbox))
        .filter(({ receiver }) => webhook === undefined || receiver === webhook);
      for (const letter of letters) print(json ? JSON.stringify(letter) : lineOfLetter(letter));
      if (!json) print(counted(letters.length, "dead letter"));
      return 0;
    }
    const pending = await outbox.pending({
      limit: MAX_LISTED,
      ...(webhook !== undefined && { receiver: webhook }),
    });
    for (const event of pending) print(json ? JSON.stringify(event) : lineOfPending(event));
    if (!json) {
      print(`${counted(pending.length, "event")}${pending.length < MAX_LISTED ? "" : " and maybe more"}`);
    }
    return 0;
  });
}

/**
 * `skerry events retry`: sends a dead letter again. The registry does it within half a minute.
 *
 * @returns The exit code.
 * @throws {StartError} if the dead letter does not exist.
 */
export async function retryEvent(config: Config, print: (text: string) => void, id: string): Promise<number> {
  return await withOutbox(config, async (outbox) => {
    const letter = known(await outbox.retry(id), id);
    await using audit = openAudit(config);
    audit.record({ action: "event.retry", webhook: letter.receiver, letter: id });
    print(`Sending ${describe(letter)} again`);
    return 0;
  });
}

/**
 * `skerry events drop`: deletes a dead letter.
 *
 * @returns The exit code.
 * @throws {StartError} if the dead letter does not exist.
 */
export async function dropEvent(config: Config, print: (text: string) => void, id: string): Promise<number> {
  return await withOutbox(config, async (outbox) => {
    const letter = known(await outbox.drop(id), id);
    await using audit = openAudit(config);
    audit.record({ action: "event.drop", webhook: letter.receiver, letter: id });
    print(`Deleted ${describe(letter)}`);
    return 0;
  });
}

async function withOutbox<T>(config: Config, use: (outbox: EventOutbox) => Promise<T>): Promise<T> {
  const { objects, table, close } = await openForUpkeep(config);
  try {
    return await use(await createRegistry({ ...config, objects, table }).events());
  } finally {
    await close();
  }
}

async function allDeadLetters(outbox: EventOutbox): Promise<DeadLetter[]> {
  const letters: DeadLetter[] = [];
  for (let page = await outbox.deadLetters();; page = await outbox.deadLetters({ after: page.next })) {
    letters.push(...page.items);
    if (page.next === undefined) return letters.sort((one, other) => one.message.at - other.message.at);
  }
}

function known(letter: DeadLetter | undefined, id: string): DeadLetter {
  if (letter === undefined) throw new StartError(`No such dead letter: "${id}"`);
  return letter;
}

function describe({ message, receiver }: DeadLetter): string {
  return `${namesOf(message)} to webhook ${receiver}`;
}

function lineOfLetter({ id, receiver, message, attempts, error, at }: DeadLetter): string {
  const tried = `${counted(attempts, "attempt")}, the last one ${ageOf(at)} ago`;
  return `${id}  ${receiver}  ${namesOf(message)}  ${tried}: ${plainField(error)}`;
}

function lineOfPending({ receiver, message, attempts, error, notBefore }: PendingEvent): string {
  const line = `${receiver}  ${namesOf(message)}  ${ageOf(message.at)} old`;
  if (error === undefined) return line;
  const next = notBefore <= Date.now() ? "now" : `in ${formatAge(notBefore - Date.now())}`;
  return `${line}  ${counted(attempts, "failed attempt")}, next ${next}: ${plainField(error)}`;
}

function namesOf({ type, subject }: EventMessage): string {
  return subject === undefined ? type : `${type} ${subject}`;
}

function ageOf(time: number): string {
  return formatAge(Math.max(0, Date.now() - time));
}
