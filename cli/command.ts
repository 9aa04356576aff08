import type { Config } from "../config/mod.ts";

/** Dependencies of a command. */
export interface CommandContext {
  /** Starts the registry. Resolves when it listens. Absent in a program that has only the other commands. */
  serve?: () => Promise<void>;
  /**
   * Reads the configuration; called once, and not for commands that need none.
   *
   * @throws {StartError} with every problem of the configuration.
   */
  config: () => Promise<Config>;
  /** Writes one line, or several, to standard output. */
  print: (text: string) => void;
}

/** Arguments of a command line after the command's name. */
export interface Arguments {
  /** True if an option without a value is given. */
  has: (name: string) => boolean;
  /** The value of an option that takes one. */
  text: (name: string) => string | undefined;
  /** All values of an option that may be given several times. */
  texts: (name: string) => string[];
  /** Arguments that belong to no option, in their order. */
  operands: string[];
}

/** Values that a shell offers: names of files, or these words. */
export type Completion = "files" | readonly string[];

/** An option of a command. */
export interface Option {
  /** A word for its value, such as `FILE`; absent for an option without a value. */
  value?: string;
  /** Values that a shell offers. */
  completes?: Completion;
  /** True if it may be given several times. */
  repeatable?: boolean;
  /** Its effect, for the help. */
  help: string;
}

/** An operand of a command. */
export interface Operand {
  /** A word for it, such as `REPOSITORY`. */
  name: string;
  /** Its meaning, for the help. */
  help: string;
  /** Values that a shell offers. */
  completes?: Completion;
  /** True if the command works without it. */
  optional?: boolean;
}

/** A command for operators. */
export interface Command {
  /** A verb and an object, for the help. */
  summary: string;
  /** More about it, for its own help. */
  details?: string;
  /** Its options by their names. */
  options?: Record<string, Option>;
  /** Its operands in their order. */
  operands?: Operand[];
  /**
   * Runs the command. Returns the exit code, or `undefined` if the process continues. Loads its code only here.
   *
   * @throws {MisuseError} for invalid arguments.
   */
  run: (context: CommandContext, args: Arguments) => Promise<number | undefined>;
}

/** Thrown for an invalid command line. */
export class MisuseError extends Error {
  /** Name of the class, for logs. */
  override readonly name = "MisuseError";
}
