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
  /** What it takes beside them, all of it: a word for each, in the usage's capitals. */
  operands?: string[];
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
  scrub: {
    summary: "Read everything again and report what is damaged; --repair, --rate=<size per second>, --json",
    options: { repair: { type: "boolean" }, rate: { type: "string" }, json: { type: "boolean" } },
    run: async (context, values) => {
      const { readRate, scrub } = await import("./scrub.ts");
      const rate = readRate(values.rate as string | undefined);
      if (rate === undefined) return misused(`No such rate: "${values.rate}"`);
      const { repair = false, json = false } = values;
      return await scrub(await context.config(), context.print, {
        repair: repair === true,
        json: json === true,
        rate,
      });
    },
  },
  "delete-repository": {
    summary: "Delete all that a repository has; --dry-run only counts it",
    options: { "dry-run": { type: "boolean" } },
    operands: ["NAME"],
    run: async (context, values, [name = ""]) => {
      const { isRepositoryName } = await import("../oci/mod.ts");
      if (!isRepositoryName(name)) return misused(`No such repository can be: "${name}"`);
      const { deleteRepository } = await import("./delete_repository.ts");
      const dryRun = values["dry-run"] === true;
      return await deleteRepository(await context.config(), context.print, name, { dryRun });
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
  if (rest.includes("help")) return await COMMANDS.help!.run(context, {}, []);
  const { options = {}, operands = [] } = command;
  let values: Record<string, unknown>;
  let positionals: string[];
  try {
    const allowPositionals = operands.length > 0;
    ({ values, positionals } = parseArgs({ args: rest, options, allowPositionals, strict: true }));
  } catch (error) {
    return misused((error as Error).message);
  }
  if (positionals.length !== operands.length) return misused(`Expected ${operands.join(" ")}`);
  return await command.run(context, values, positionals);
}

function misused(reason: string): number {
  console.error(`${reason}\n\n${usage()}`);
  return MISUSED;
}

function usage(): string {
  const lines = Object.entries(COMMANDS).map(([name, { operands = [], summary }]) =>
    [[name, ...operands].join(" "), summary] as const
  );
  const width = Math.max(...lines.map(([command]) => command.length));
  const commands = lines.map(([command, summary]) => `  ${command.padEnd(width)}  ${summary}`);
  return `Usage: deno task skerry <command>\n\n${commands.join("\n")}`;
}
