import { LineCounter, parseDocument } from "yaml";

/** Problem in a text, and its place. */
export interface YamlProblem {
  /** Line, from 1. */
  line: number;
  /** Column, from 1. */
  column: number;
  /** Description of the problem, without a part of the text. */
  message: string;
}

/** The value of a text of YAML or JSON (JSON is YAML), or all that is wrong with it. */
export function parseYaml(text: string): { value: unknown } | { problems: YamlProblem[] } {
  const lines = new LineCounter();
  // The library would print warnings, with the source, to the terminal.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: "error" });
  if (document.errors.length > 0) {
    return {
      problems: document.errors.map(({ pos, message }) => {
        const { line, col } = lines.linePos(pos[0]);
        return { line, column: col, message: withoutSource(message) };
      }),
    };
  }
  try {
    return { value: document.toJS() };
  } catch (error) {
    // Aliases without an anchor, or so many that they would fill the memory.
    return { problems: [{ line: 1, column: 1, message: withoutSource((error as Error).message) }] };
  }
}

/** Message of the parser without the quoted source, which may contain a secret. */
function withoutSource(message: string): string {
  return message.replace(/(?<! ): .*$/s, "").replace(/\S{24,}/g, "...");
}
