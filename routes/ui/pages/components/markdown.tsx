import type { Child } from "hono/jsx";
import { marked, type Token, type Tokens } from "marked";
import { SafeLink } from "../../safe_link.tsx";
import { plain, visible } from "./text.ts";

/** Maximum characters of a README that a page shows: the parser may need time that grows with their square. */
export const MAX_MARKDOWN_CHARACTERS = 16_384;

/**
 * Markdown of a client as elements. Its HTML is shown as text, its images as their description, and its links only with
 * a safe scheme. Text that the parser cannot read is shown as it is.
 */
export function Markdown({ text }: { text: string }) {
  const cut = text.length > MAX_MARKDOWN_CHARACTERS;
  return (
    <div class="prose">
      {elements(visible(text.slice(0, MAX_MARKDOWN_CHARACTERS)))}
      {cut && <p class="muted">The rest is left out: the text has more than 16,384 characters.</p>}
    </div>
  );
}

function elements(text: string): Child {
  try {
    return blocks(marked.lexer(text));
  } catch (error) {
    // Blocks that are nested too deep.
    if (error instanceof RangeError) return <pre class="code" tabindex={0}>{text}</pre>;
    throw error;
  }
}

/** Maximum depth of blocks within blocks: their margins fit on a narrow screen, and Hono renders elements by recursion. */
const MAX_DEPTH = 24;

function blocks(tokens: readonly Token[] = [], depth = 0): Child[] {
  if (depth > MAX_DEPTH) throw new RangeError("Markdown is nested too deep");
  return tokens.map((token) => block(token, depth + 1));
}

/** Element of a block; a token of an unknown type becomes its text. */
function block(token: Token, depth: number): Child {
  switch (token.type) {
    case "space":
    case "def":
      return "";
    case "heading":
      return <Heading depth={token.depth}>{inline(token.tokens, depth)}</Heading>;
    case "paragraph":
      return <p>{inline(token.tokens, depth)}</p>;
    case "text":
      return inline(token.tokens ?? [token], depth);
    case "code":
      return <pre class="code" tabindex={0}><code>{token.text}</code></pre>;
    case "blockquote":
      return <blockquote>{blocks(token.tokens, depth)}</blockquote>;
    case "list":
      return <List list={token as Tokens.List} depth={depth} />;
    case "table":
      return <Table table={token as Tokens.Table} depth={depth} />;
    case "hr":
      return <hr />;
    default:
      return inline([token], depth);
  }
}

/** Headings begin below those of the page. */
function Heading({ depth, children }: { depth: number; children?: Child }) {
  if (depth === 1) return <h3>{children}</h3>;
  if (depth === 2) return <h4>{children}</h4>;
  return <h5>{children}</h5>;
}

function List({ list, depth }: { list: Tokens.List; depth: number }) {
  const items = list.items.map((item) => <li>{blocks(item.tokens, depth)}</li>);
  return list.ordered ? <ol start={Number(list.start) || 1}>{items}</ol> : <ul>{items}</ul>;
}

function Table({ table, depth }: { table: Tokens.Table; depth: number }) {
  return (
    <table tabindex={0}>
      <thead>
        <tr>{table.header.map(({ tokens }) => <th scope="col">{inline(tokens, depth)}</th>)}</tr>
      </thead>
      <tbody>
        {table.rows.map((row) => <tr>{row.map(({ tokens }) => <td>{inline(tokens, depth)}</td>)}</tr>)}
      </tbody>
    </table>
  );
}

function inline(tokens: readonly Token[] = [], depth: number): Child[] {
  if (depth > MAX_DEPTH) throw new RangeError("Markdown is nested too deep");
  return tokens.map((token) => span(token, depth + 1));
}

/** Element of a part of a line. */
function span(token: Token, depth: number): Child {
  switch (token.type) {
    case "strong":
      return <strong>{inline(token.tokens, depth)}</strong>;
    case "em":
      return <em>{inline(token.tokens, depth)}</em>;
    case "del":
      return <del>{inline(token.tokens, depth)}</del>;
    case "codespan":
      return <code>{token.text}</code>;
    case "br":
      return <br />;
    case "checkbox":
      return token.checked ? "☑ " : "☐ ";
    case "link":
      return <SafeLink url={token.href}>{inline(token.tokens, depth)}</SafeLink>;
    case "image":
      return <Image href={token.href} text={token.text} />;
    case "text":
    case "escape":
      return withoutEntities(token.text);
    default:
      return token.raw;
  }
}

/** The page's policy permits no image of another host, so a link to the image stands for it. */
function Image({ href, text }: { href: string; text: string }) {
  return <SafeLink url={href}>[image: {plain(text || "no description", 120)}]</SafeLink>;
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  nbsp: "\u00a0",
  copy: "©",
};

/** Replaces the entities that are common in Markdown; the parser leaves them to a browser. */
function withoutEntities(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|nbsp|copy|#39);/g, (_all, name: string) => ENTITIES[name] ?? "'");
}
