import { FILE_VARIABLE, readConfig } from "../../config/mod.ts";
import { type Command, MisuseError } from "../command.ts";
import { CHANGE_NOTHING } from "../options.ts";

// Not literal, so that Deno does not resolve at every start what only a command needs: see open_storage.ts.
const importRoom = (): Promise<typeof import("./mod.ts")> => import(new URL("mod.ts", import.meta.url).href);

/** Commands that copy all content: backup, restore, copy. */
export const TRANSFER_COMMANDS: Record<string, Command> = {
  backup: {
    summary: "Write a backup of the table while the registry runs",
    details: "The backup does not contain objects: see docs/backup.md.",
    options: {
      to: { value: "FILE", completes: "files", help: "Write to a new file instead of the object store" },
    },
    run: async ({ config, print }, { text }) => {
      const { backup } = await importRoom();
      return await backup(await config(), print, { to: text("to") });
    },
  },
  restore: {
    summary: "Rebuild an empty table from a backup",
    operands: [{
      name: "BACKUP",
      help: "A file, or the name of a backup in the object store",
      completes: "files",
      optional: true,
    }],
    options: {
      list: { help: "List the backups in the object store" },
      "dry-run": CHANGE_NOTHING,
      "from-objects": { help: "Also restore blobs that were pushed after the backup" },
    },
    run: async ({ config, print }, { has, operands: [from] }) => {
      const { printBackups, restore } = await importRoom();
      if (has("list")) return await printBackups(await config(), print);
      if (from === undefined) throw new MisuseError("Missing BACKUP: --list prints the names of all backups");
      const [fromObjects, dryRun] = [has("from-objects"), has("dry-run")];
      return await restore(await config(), print, { from, fromObjects, dryRun });
    },
  },
  copy: {
    summary: "Copy the registry to another storage",
    options: {
      to: { value: "FILE", completes: "files", help: "Configuration file of the target storage; required" },
      "objects-only": { help: "Copy only the objects, before the copy of everything" },
    },
    run: async ({ config, print }, { has, text }) => {
      const path = text("to");
      if (path === undefined) throw new MisuseError("Missing --to FILE");
      const to = await readConfig({ [FILE_VARIABLE]: path });
      const { copy } = await importRoom();
      return await copy(await config(), print, { to, objectsOnly: has("objects-only") });
    },
  },
};
