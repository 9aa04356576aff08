import type { Command } from "../command.ts";

// Not literal, so that Deno does not resolve at every start what only a command needs: see open_storage.ts.
const importRoom = (): Promise<typeof import("./mod.ts")> => import(new URL("mod.ts", import.meta.url).href);

/** Commands about costs. */
export const COST_COMMANDS: Record<string, Command> = {
  cost: {
    summary: "Estimate the costs of a load at AWS and Deno Deploy",
    details: "Needs no configuration. Reference: docs/costs.md.",
    options: {
      pushes: { value: "N", help: "New images that are pushed; required" },
      pulls: { value: "N", help: "Images that are pulled; required" },
      bytes: { value: "SIZE", help: "Size of an image, as 200MiB; required" },
      stored: { value: "SIZE", help: "Bytes in the bucket; those of the pushed images by default" },
      layers: { value: "N", help: "Layers of an image; 5 by default" },
      days: { value: "N", help: "Days of the load; 30 by default" },
      redirect: { help: "Clients are redirected to the bucket for layers (docs/delivery.md)" },
      prices: {
        value: "FILE",
        completes: "files",
        help: "JSON file with other prices: the object prices of --json",
      },
      json: { help: "Print one JSON object" },
    },
    run: async ({ print }, { has, text }) =>
      await (await importRoom()).cost(print, {
        pushes: text("pushes"),
        pulls: text("pulls"),
        bytes: text("bytes"),
        stored: text("stored"),
        layers: text("layers"),
        days: text("days"),
        redirect: has("redirect"),
        prices: text("prices"),
        json: has("json"),
      }),
  },
};
