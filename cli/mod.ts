/**
 * Operator commands: `deno task skerry <command>`.
 *
 * @module
 */
import { parseArgs, type ParseArgsConfig } from "node:util";
import { type Config, FILE_VARIABLE } from "../settings.ts";

/** What a command works with. */
export interface CommandContext {
  /** Serves the registry, and comes back as soon as it listens. */
  serve: () => Promise<void>;
  /**
   * Reads the configuration of this process.
   *
   * @throws {StartError} with all that is wrong with it.
   */
  config: () => Promise<Config>;
  /** Writes one line, or several, to standard output. */
  print: (text: string) => void;
}

interface Command {
  /** For the usage. */
  summary: string;
  /** Its options, if it has any. */
  options?: NonNullable<ParseArgsConfig["options"]>;
  /** What it takes beside its options, in words; nothing where absent. */
  operand?: string;
  /** Does it. The exit code, or nothing where the process goes on. Its code is imported when it is needed. */
  run: (
    context: CommandContext,
    values: Record<string, unknown>,
    operands: string[],
  ) => Promise<number | undefined>;
}

// Not literal, so that Deno does not resolve the AWS SDK at every start: see open_storage.ts.
const importCheck = (): Promise<typeof import("./check.ts")> =>
  import(new URL("check.ts", import.meta.url).href);
const importProvision = (): Promise<typeof import("./provision.ts")> =>
  import(new URL("provision.ts", import.meta.url).href);
const importBackup = (): Promise<typeof import("./backup.ts")> =>
  import(new URL("backup.ts", import.meta.url).href);
const importRestore = (): Promise<typeof import("./restore.ts")> =>
  import(new URL("restore.ts", import.meta.url).href);
const importCopy = (): Promise<typeof import("./copy.ts")> =>
  import(new URL("copy.ts", import.meta.url).href);
const importConfig = (): Promise<typeof import("../config.ts")> =>
  import(new URL("../config.ts", import.meta.url).href);

const COMMANDS: Record<string, Command> = {
  serve: {
    summary: "Serve the registry; so does no command at all",
    run: async ({ serve }) => (await serve(), undefined),
  },
  check: {
    summary: "Try out whether the bucket and the table can do what the registry needs",
    run: async (context) => await (await importCheck()).check(await context.config(), context.print),
  },
  provision: {
    summary: "Make the bucket and the table, or verify them; --dry-run only says what it would do",
    options: { "dry-run": { type: "boolean" } },
    run: async (context, values) => {
      const { provision } = await importProvision();
      return await provision(await context.config(), context.print, { dryRun: values["dry-run"] === true });
    },
  },
  backup: {
    summary: "Write all items of the table into the object store, or --to a file, while the registry runs",
    options: { to: { type: "string" } },
    run: async (context, { to }) => {
      const { backup } = await importBackup();
      return await backup(await context.config(), context.print, { to: text(to) });
    },
  },
  restore: {
    summary: "Rebuild an empty table from a backup, by its name or file: --list, --dry-run, --from-objects",
    options: {
      list: { type: "boolean" },
      "dry-run": { type: "boolean" },
      "from-objects": { type: "boolean" },
    },
    operand: "the backup",
    run: async (context, values, [from]) => {
      const { list, restore } = await importRestore();
      if (values.list === true) return await list(await context.config(), context.print);
      if (from === undefined) return misused("Which backup? skerry restore --list names them");
      return await restore(await context.config(), context.print, {
        from,
        fromObjects: values["from-objects"] === true,
        dryRun: values["dry-run"] === true,
      });
    },
  },
  copy: {
    summary: "Copy the registry to the storage that a configuration file names: --to FILE, --objects-only",
    options: { to: { type: "string" }, "objects-only": { type: "boolean" } },
    run: async (context, values) => {
      const path = text(values.to);
      if (path === undefined) {
        return misused("Copy where? --to names the configuration file of the other storage");
      }
      const to = await (await importConfig()).loadConfig({ [FILE_VARIABLE]: path });
      const { copy } = await importCopy();
      return await copy(await context.config(), context.print, {
        to,
        objectsOnly: values["objects-only"] === true,
      });
    },
  },
  help: { summary: "Say this", run: ({ print }) => (print(usage()), Promise.resolve(0)) },
};

/** Exit code of a command line that makes no sense. */
const MISUSED = 2;

/**
 * Runs the command that the arguments name.
 *
 * @returns The exit code, or nothing where the process goes on to serve.
 * @throws {StartError} where the configuration or the storage does not let it.
 */
export async function runCommand(args: string[], context: CommandContext): Promise<number | undefined> {
  const [name = "help", ...rest] = args.map((arg) => arg === "--help" || arg === "-h" ? "help" : arg);
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) return misused(`No such command: "${name}"`);
  if (rest.includes("help")) return await COMMANDS.help!.run(context, {}, []);
  let values: Record<string, unknown>;
  let operands: string[];
  try {
    const allowPositionals = command.operand !== undefined;
    ({ values, positionals: operands } = parseArgs({
      args: rest,
      options: command.options ?? {},
      strict: true,
      allowPositionals,
    }));
  } catch (error) {
    return misused((error as Error).message);
  }
  if (operands.length > 1) return misused(`Expected one operand, ${command.operand}, got ${operands.length}`);
  return await command.run(context, values, operands);
}

/** The value of an option that takes one. */
function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function misused(reason: string): number {
  console.error(`${reason}\n\n${usage()}`);
  return MISUSED;
}

function usage(): string {
  const commands = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(11)}${summary}`);
  return `Usage: deno task skerry <command>\n\n${commands.join("\n")}`;
}
