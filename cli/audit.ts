import type { AuditEvent } from "../registry/interface.ts";
import { createLog } from "../process/mod.ts";
import type { Config } from "../config/mod.ts";

/** The principal of every change that a command makes: a person with access to the stores themselves. */
const OPERATOR = "operator";

/** The audit of a command; disposing of it writes all of its lines. */
export interface OperatorAudit extends AsyncDisposable {
  /** Takes a change that the command has made. */
  record(event: Omit<AuditEvent, "who">): void;
}

/**
 * Opens the audit log of a command. Its lines have the registry's format and go to standard error, because standard
 * output is the command's result.
 */
export function openAudit({ log: format }: Config): OperatorAudit {
  const auto = Deno.stderr.isTerminal() ? "text" : "json";
  const log = createLog({ format: format === "auto" ? auto : format, output: Deno.stderr });
  return {
    record: (event) => log.audit({ who: OPERATOR, ...event }),
    [Symbol.asyncDispose]: () => log.flush(),
  };
}
