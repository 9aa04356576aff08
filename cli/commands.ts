import type { Command } from "./command.ts";
import { ACCOUNTS_COMMANDS } from "./accounts/commands.ts";
import { completionCommands } from "./completion/commands.ts";
import { COST_COMMANDS } from "./cost/commands.ts";
import { DOCTOR_COMMANDS } from "./doctor/commands.ts";
import { EVENTS_COMMANDS } from "./events/commands.ts";
import { EXPLORE_COMMANDS } from "./explore/commands.ts";
import { IMPORT_COMMANDS } from "./import/commands.ts";
import { KUBELET_COMMANDS } from "./kubelet/commands.ts";
import { PROCESS_COMMANDS } from "./process_commands.ts";
import { PROVISION_COMMANDS } from "./provision/commands.ts";
import { TRANSFER_COMMANDS } from "./transfer/commands.ts";
import { UPKEEP_COMMANDS } from "./upkeep/commands.ts";
import { VERIFY_COMMANDS } from "./verify/commands.ts";

/** Every command except `help`. Each room lists its own commands, without their code. */
export const COMMANDS: Record<string, Command> = {
  ...PROCESS_COMMANDS,
  ...EXPLORE_COMMANDS,
  ...PROVISION_COMMANDS,
  ...UPKEEP_COMMANDS,
  ...VERIFY_COMMANDS,
  ...TRANSFER_COMMANDS,
  ...IMPORT_COMMANDS,
  ...ACCOUNTS_COMMANDS,
  ...COST_COMMANDS,
  ...DOCTOR_COMMANDS,
  ...KUBELET_COMMANDS,
  ...completionCommands(() => COMMANDS),
  ...EVENTS_COMMANDS,
};
