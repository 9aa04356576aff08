import type { Option } from "./command.ts";

/** Option of commands that print lists. */
export const JSON_LINES: Option = { help: "Print one JSON object a line" };

/** Option of commands that change something. */
export const CHANGE_NOTHING: Option = { help: "Change nothing; print what would be done" };
