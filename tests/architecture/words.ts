import { parse } from "npm:@babel/parser@8.1.2";
import { pluginsFor } from "./imports.ts";

/** Beginnings of a doc comment that hide the thing: a doc comment begins with a noun, a verb or "True if". */
const HIDING = /^(What|Whether|Who|Where|That|How)\b/;

/** Words with which the name of a test asks a riddle instead of naming the thing. */
const RIDDLES = /\b(what|whatever|whom|wherever|however)\b/i;

/** Words that hide the actor: the client, the caller, the operator, another process. */
const ACTORLESS = /\b(whoever|nobody|somebody|anybody)\b/i;

/**
 * Comments that break the rules of plain words, as `path:line: text`. The beginning counts for doc comments only, the
 * other words for every comment.
 *
 * @throws {SyntaxError} if a source is not valid TypeScript.
 */
export function unplainComments(sources: ReadonlyMap<string, string>): string[] {
  return [...sources].flatMap(([path, source]) =>
    commentsOf(source, path)
      .filter(({ isDoc, text }) => (isDoc && HIDING.test(text)) || ACTORLESS.test(text))
      .map(({ line, text }) => `${path}:${line}: ${text}`)
  );
}

/** Names of tests that hide the thing or the actor, as `path:line: name`. Values in a name count like every other word. */
export function unplainTestNames(sources: ReadonlyMap<string, string>): string[] {
  return [...sources].flatMap(([path, source]) =>
    [...source.matchAll(/\bDeno\.test\(\s*(["`])((?:\\.|(?!\1).)*)\1/gs)]
      .filter(([, , name]) => isUnplain(name!.replaceAll(/\$\{[^}]*\}/g, "value")))
      .map(({ index, 2: name }) => `${path}:${source.slice(0, index).split("\n").length}: ${name}`)
  );
}

function isUnplain(name: string): boolean {
  return RIDDLES.test(name) || ACTORLESS.test(name);
}

/** Comment of a source: its first line, from 1, and its text in one line without stars. */
interface SourceComment {
  line: number;
  isDoc: boolean;
  text: string;
}

function commentsOf(source: string, path: string): SourceComment[] {
  const { comments } = parse(source, { sourceType: "module", plugins: pluginsFor(path) });
  return (comments ?? []).map(({ type, value, loc }) => ({
    line: loc!.start.line,
    isDoc: type === "CommentBlock" && value.startsWith("*"),
    text: value.replaceAll(/^\s*\*/gm, "").replaceAll(/\s+/g, " ").trim(),
  }));
}
