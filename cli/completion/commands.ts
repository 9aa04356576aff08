import { type Command, MisuseError } from "../command.ts";

// Not literal, so that Deno does not resolve at every start what only a command needs: see open_storage.ts.
const importRoom = (): Promise<typeof import("./mod.ts")> => import(new URL("mod.ts", import.meta.url).href);

/** Shells with a completion. */
const SHELLS = ["bash", "zsh", "fish"] as const;

/** Commands for shells, about all of these commands. */
export function completionCommands(commands: () => Record<string, Command>): Record<string, Command> {
  return {
    completion: {
      summary: "Print the completion of commands and options for a shell",
      details: "Reference: docs/cli.md.",
      operands: [{ name: "SHELL", help: "bash, zsh or fish", completes: SHELLS }],
      run: async ({ print }, { operands: [name = ""] }) => {
        const shell = SHELLS.find((shell) => shell === name);
        if (shell === undefined) throw new MisuseError(`Expected bash, zsh or fish, got "${name}"`);
        print((await importRoom()).completionOf(shell, commands()));
        return 0;
      },
    },
  };
}
