import type { Command } from "../command.ts";
import { CHANGE_NOTHING } from "../options.ts";

// Not literal, so that Deno does not resolve at every start what only a command needs: see open_storage.ts.
const importRoom = (): Promise<typeof import("./mod.ts")> => import(new URL("mod.ts", import.meta.url).href);

/** Commands for the bucket and the table. */
export const PROVISION_COMMANDS: Record<string, Command> = {
  check: {
    summary: "Test the capabilities of the bucket and the table",
    run: async ({ config, print }) => await (await importRoom()).check(await config(), print),
  },
  provision: {
    summary: "Create the bucket and the table, or verify them",
    options: { "dry-run": CHANGE_NOTHING },
    run: async ({ config, print }, { has }) => {
      const { provision } = await importRoom();
      return await provision(await config(), print, { dryRun: has("dry-run") });
    },
  },
};
