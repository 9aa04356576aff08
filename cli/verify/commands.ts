import type { Command } from "../command.ts";

// Not literal, so that Deno does not resolve at every start what only a command needs: see open_storage.ts.
const importRoom = (): Promise<typeof import("./mod.ts")> => import(new URL("mod.ts", import.meta.url).href);

/** The command that verifies signatures. */
export const VERIFY_COMMANDS: Record<string, Command> = {
  verify: {
    summary: "Verify the signatures of a manifest by the rules of `verify`",
    details:
      "The exit code is 0 if every rule of the repository is met, and 1 otherwise or without a rule. " +
      "Reference: docs/signatures.md.",
    operands: [{ name: "REPOSITORY:TAG", help: "The manifest, or REPOSITORY@DIGEST" }],
    options: { json: { help: "Print one JSON object" } },
    run: async ({ config, print }, { has, operands: [name = ""] }) => {
      const { readImage, verifyCommand } = await importRoom();
      return await verifyCommand(await config(), print, { ...readImage(name), json: has("json") });
    },
  },
};
