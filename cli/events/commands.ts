import type { Command } from "../command.ts";
import { JSON_LINES } from "../options.ts";

// Not literal, so that Deno does not resolve at every start what only a command needs: see open_storage.ts.
const importRoom = (): Promise<typeof import("./mod.ts")> => import(new URL("mod.ts", import.meta.url).href);

const ID = { name: "ID", help: 'Id of the dead letter, from "events --dead"' };

/** Commands about events for webhooks. */
export const EVENTS_COMMANDS: Record<string, Command> = {
  "events": {
    summary: "List events that wait for webhooks, or dead letters",
    details: "Lists the 1000 oldest events that wait, and all dead letters.",
    options: {
      dead: { help: "List dead letters: events that a webhook has not accepted in all attempts" },
      webhook: { value: "NAME", help: "Only events of this webhook" },
      json: JSON_LINES,
    },
    run: async ({ config, print }, { has, text }) => {
      const { listEvents } = await importRoom();
      const webhook = text("webhook");
      return await listEvents(await config(), print, {
        dead: has("dead"),
        json: has("json"),
        ...(webhook !== undefined && { webhook }),
      });
    },
  },
  "events retry": {
    summary: "Send a dead letter to its webhook again",
    operands: [ID],
    run: async ({ config, print }, { operands: [id = ""] }) =>
      await (await importRoom()).retryEvent(await config(), print, id),
  },
  "events drop": {
    summary: "Delete a dead letter",
    operands: [ID],
    run: async ({ config, print }, { operands: [id = ""] }) =>
      await (await importRoom()).dropEvent(await config(), print, id),
  },
};
