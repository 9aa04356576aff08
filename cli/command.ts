import type { ParseArgsConfig } from "node:util";
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

/** What a command line says beside the command's name. */
export interface Arguments {
  /** Whether an option without a value is given. */
  has: (name: string) => boolean;
  /** The value of an option that takes one. */
  text: (name: string) => string | undefined;
  /** All values of an option that may be given several times. */
  texts: (name: string) => string[];
  /** What comes without an option, in its order. */
  operands: string[];
}

/** A command of an operator's. */
export interface Command {
  /** For the usage. */
  summary: string;
  /** Its options, if it has any. */
  options?: NonNullable<ParseArgsConfig["options"]>;
  /** What it takes beside its options, each in words; nothing where absent. */
  operands?: string[];
  /**
   * Does it. The exit code, or nothing where the process goes on. Its code is imported when it is needed.
   *
   * @throws {MisuseError} where the arguments make no sense.
   */
  run: (context: CommandContext, args: Arguments) => Promise<number | undefined>;
}

/** Thrown where a command line makes no sense. */
export class MisuseError extends Error {
  /** Tells it from every other error. */
  override readonly name = "MisuseError";
}
