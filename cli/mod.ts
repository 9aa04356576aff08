/**
 * Operator commands: `deno task skerry <command>`.
 *
 * @module
 */
import { parseArgs, type ParseArgsConfig } from "node:util";
import type { Config } from "../settings.ts";

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
  /** Does it. The exit code, or nothing where the process goes on. Its code is imported when it is needed. */
  run: (context: CommandContext, values: Record<string, unknown>) => Promise<number | undefined>;
}

// Not literal, so that Deno does not resolve the AWS SDK at every start: see open_storage.ts.
const importCheck = (): Promise<typeof import("./check.ts")> =>
  import(new URL("check.ts", import.meta.url).href);
const importProvision = (): Promise<typeof import("./provision.ts")> =>
  import(new URL("provision.ts", import.meta.url).href);

const importRetain = (): Promise<typeof import("./retain.ts")> =>
  import(new URL("retain.ts", import.meta.url).href);

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
  retain: {
    summary: "Remove what no rule of retention keeps; --dry-run, --repository PATTERN, --json",
    options: {
      "dry-run": { type: "boolean" },
      json: { type: "boolean" },
      repository: { type: "string" },
    },
    run: async (context, values) => {
      const { retainCommand } = await importRetain();
      return await retainCommand(await context.config(), context.print, {
        dryRun: values["dry-run"] === true,
        json: values.json === true,
        ...(typeof values.repository === "string" && { repository: values.repository }),
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
  if (rest.includes("help")) return await COMMANDS.help!.run(context, {});
  let values: Record<string, unknown>;
  try {
    ({ values } = parseArgs({ args: rest, options: command.options ?? {}, strict: true }));
  } catch (error) {
    return misused((error as Error).message);
  }
  return await command.run(context, values);
}

function misused(reason: string): number {
  console.error(`${reason}\n\n${usage()}`);
  return MISUSED;
}

function usage(): string {
  const commands = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(11)}${summary}`);
  return `Usage: deno task skerry <command>\n\n${commands.join("\n")}`;
}
