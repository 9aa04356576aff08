/** What is wrong with a text, and where, counted from 1. */
export interface YamlProblem {
  line: number;
  column: number;
  message: string;
}

/** The value of a text of YAML or JSON (JSON is YAML), or all that is wrong with it. */
export async function parseYaml(text: string): Promise<{ value: unknown } | { problems: YamlProblem[] }> {
  const { LineCounter, parseDocument } = await import("yaml"); // few need it
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length === 0) return { value: document.toJS() };
  return {
    problems: document.errors.map(({ pos, message }) => {
      const { line, col } = lines.linePos(pos[0]);
      return { line, column: col, message };
    }),
  };
}
