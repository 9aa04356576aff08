import * as z from "zod/mini";
import { countSchema, named, nextSchema, timeSchema } from "./parts.ts";

/** Members of every event in a list. */
const EVENT = {
  type: z.string().check(z.describe("Type of the event, such as tag.move")),
  subject: z.exactOptional(z.string().check(z.describe("Resource that the event is about"))),
  at: timeSchema.check(z.describe("Time of the event")),
  webhook: z.string().check(z.describe("Name of the webhook that gets it")),
  attempts: countSchema.check(z.describe("Failed attempts")),
};

/** Event that waits for a webhook. */
export const waitingEventSchema = named(
  "WaitingEvent",
  "Event that a webhook has not accepted yet",
  z.object({
    ...EVENT,
    error: z.exactOptional(z.string().check(z.describe("Reason of the last failure"))),
    notBefore: z.exactOptional(timeSchema.check(z.describe("Time of the next attempt at the earliest"))),
  }),
);

/** Event that waits for a webhook. */
export type WaitingEvent = z.infer<typeof waitingEventSchema>;

/** Events that wait for webhooks. */
export const waitingEventListSchema = named(
  "WaitingEventList",
  "Events that wait for webhooks, the oldest first; at most 100",
  z.object({ events: z.array(waitingEventSchema) }),
);

/** Events that wait for webhooks. */
export type WaitingEventList = z.infer<typeof waitingEventListSchema>;

/** Event that a webhook has not accepted in all attempts. */
export const deadLetterSchema = named(
  "DeadLetter",
  "Event that a webhook has not accepted in all attempts",
  z.object({
    id: z.string(),
    ...EVENT,
    error: z.string().check(z.describe("Reason of the last failure")),
    attemptedAt: timeSchema.check(z.describe("Time of the last attempt")),
  }),
);

/** Event that a webhook has not accepted in all attempts. */
export type DeadLetterView = z.infer<typeof deadLetterSchema>;

/** Page of dead letters. */
export const deadLetterListSchema = named(
  "DeadLetterList",
  "Page of dead letters, in the order of their ids",
  z.object({ letters: z.array(deadLetterSchema), next: nextSchema }),
);

/** Page of dead letters. */
export type DeadLetterList = z.infer<typeof deadLetterListSchema>;
