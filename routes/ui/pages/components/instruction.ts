/** Instruction of a layer: its keyword and the rest, as a Dockerfile would have it. */
export interface Instruction {
  /** Keyword in capitals; `undefined` if the text is no instruction of a Dockerfile. */
  keyword?: string;
  /** Text after the keyword. */
  text: string;
}

/** Kind of a layer, for its colour. */
export type LayerKind = "base" | "copy" | "run";

/** Text with which builders begin `created_by` before the instruction. */
const SHELL = /^(\/bin\/(?:ba)?sh -c|\|\d+ .*?\/bin\/(?:ba)?sh -c)\s+/;

/** Reads `created_by` of an entry in the history of an image configuration (image-spec, config.md), as builders write it. */
export function parseInstruction(createdBy: string): Instruction {
  const text = createdBy.trim().replace(/\s*# buildkit$/, "").replace(/\t+/g, " ");
  const nop = /^\/bin\/(?:ba)?sh -c #\(nop\)\s+/;
  if (nop.test(text)) return parseInstruction(text.replace(nop, ""));
  if (SHELL.test(text)) return { keyword: "RUN", text: text.replace(SHELL, "") };
  const [, keyword, rest] = /^([A-Z]{3,11})\s+([^]*)$/.exec(text) ?? [];
  if (keyword === undefined || rest === undefined) return { text };
  return { keyword, text: keyword === "RUN" ? rest.replace(SHELL, "") : rest };
}

/** Kind of a layer by its instruction. */
export function layerKind(instruction: Instruction | undefined): LayerKind {
  if (instruction?.keyword === "RUN") return "run";
  if (instruction?.keyword === "COPY" || instruction?.keyword === "ADD") return "copy";
  return "base";
}
